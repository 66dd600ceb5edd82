/// The settings of a ``TopKAutoencoder``. Defaults are the recommended ones; each library's own
/// conventions are ``dictionaryLearning(k:)``, ``saeLens(k:)`` and ``sparsify(k:)``.
public struct TopKConfiguration: Sendable, Equatable {
  /// Latents that may be active on a token.
  public var k: Int
  /// Whether b_dec is subtracted from the activations before encoding.
  public var subtractsDecoderBias = true
  /// Whether latents compete, and are reported, multiplied by their decoder row's norm, so that the
  /// selection does not depend on how a latent's size is split between code and row: SAELens'
  /// `rescale_acts_by_decoder_norm`.
  public var rescalesByDecoderNorm = false
  /// The scale of the reconstruction error.
  public var reconstructionLoss = ReconstructionLoss.squaredErrorPerToken
  /// What revives dead latents; nil leaves them dead.
  public var auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss()
  /// What keeps decoder rows at unit norm.
  public var decoderConstraint = DecoderConstraint.unitRowsAfterStep

  public init(k: Int) { self.k = k }

  /// dictionary_learning's conventions, which are the defaults.
  public static func dictionaryLearning(k: Int) -> TopKConfiguration { TopKConfiguration(k: k) }

  /// SAELens' conventions for training.
  public static func saeLens(k: Int) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
    configuration.rescalesByDecoderNorm = true
    configuration.auxiliaryLoss = AuxiliaryLoss(.rawScores, coefficient: 1)
    configuration.decoderConstraint = .none
    return configuration
  }

  /// sparsify's conventions, with its auxiliary loss off.
  public static func sparsify(k: Int) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
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

  /// The geometric median, where b_dec is subtracted from the input.
  public var decoderBiasInitialization: DecoderBiasInitialization {
    subtractsDecoderBias ? .geometricMedian : .zeros
  }

  /// 2e-4 / √(latents / 2¹⁴).
  ///
  /// Source: Gao et al. 2024, arXiv 2406.04093, section 3.
  public func learningRate(latentCount: Int) -> Double {
    AutomaticLearningRate.adam(latentCount: latentCount)
  }
}
