/// The settings of a ``TopKAutoencoder``. Each library's own conventions are
/// ``dictionaryLearning(k:)``, ``saeLens(k:)`` and ``sparsify(k:)``.
///
/// The defaults are SAELens': on activations of a small Gemma-2 (256 wide, 2048 latents, k 32, two
/// million tokens) they explain 0.878 of the variance of tokens not trained on, unit rows and the
/// auxiliary loss of dictionary_learning 0.870.
public struct TopKConfiguration: Sendable, Equatable {
  /// Latents that may be active on a token.
  public var k: Int
  /// Whether b_dec is subtracted from the activations before encoding.
  public var subtractsDecoderBias = true
  /// Whether latents compete, and are reported, multiplied by their decoder row's norm, so that the
  /// selection does not depend on how a latent's size is split between code and row: SAELens'
  /// `rescale_acts_by_decoder_norm`.
  public var rescalesByDecoderNorm = true
  /// The scale of the reconstruction error.
  public var reconstructionLoss = ReconstructionLoss.squaredErrorPerToken
  /// What revives dead latents; nil leaves them dead.
  public var auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss(.rawScores, coefficient: 1)
  /// What keeps decoder rows at unit norm.
  public var decoderConstraint = DecoderConstraint.none

  /// SAELens' conventions for training.
  public init(k: Int) { self.k = k }

  /// SAELens' conventions for training, which are the defaults.
  public static func saeLens(k: Int) -> TopKConfiguration { TopKConfiguration(k: k) }

  /// dictionary_learning's conventions: unit decoder rows, and an auxiliary loss that does not depend
  /// on the scale of activations.
  public static func dictionaryLearning(k: Int) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
    configuration.rescalesByDecoderNorm = false
    configuration.auxiliaryLoss = AuxiliaryLoss(.residualVariance, coefficient: 1.0 / 32)
    configuration.decoderConstraint = .unitRowsAfterStep
    return configuration
  }

  /// sparsify's conventions, with its auxiliary loss off.
  public static func sparsify(k: Int) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
    configuration.rescalesByDecoderNorm = false
    configuration.reconstructionLoss = .fractionOfVarianceUnexplained
    configuration.auxiliaryLoss = nil
    configuration.decoderConstraint = .unitRowsBeforeForward
    return configuration
  }
}

extension TopKConfiguration: AutoencoderConfiguration {
  /// Unit rows where the decoder is held at them, else SAELens' small ones.
  public var weightInitialization: WeightInitialization {
    decoderConstraint == .none ? .saeLens : .uniformEntries(rowNorm: 1)
  }

  /// 0 where the decoder is free, as in SAELens; else the geometric median, where b_dec is
  /// subtracted from the input.
  public var decoderBiasInitialization: DecoderBiasInitialization {
    decoderConstraint != .none && subtractsDecoderBias ? .geometricMedian : .zeros
  }

  /// 2e-4 / √(latents / 2¹⁴).
  ///
  /// Source: Gao et al. 2024, arXiv 2406.04093, section 3.
  public func learningRate(latentCount: Int) -> Double {
    AutomaticLearningRate.adam(latentCount: latentCount)
  }
}
