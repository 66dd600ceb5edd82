/// The settings of a ``TopKAutoencoder``. Each library's own conventions are
/// ``dictionaryLearning(k:)``, ``saeLens(k:)``, ``sparsify(k:)`` and ``openAI(k:loss:)``.
///
/// The defaults are SAELens': on activations of a small Gemma-2 (256 wide, 2048 latents, k 32, two
/// million tokens) they explain 0.878 of the variance of tokens not trained on, dictionary_learning's
/// unit rows and auxiliary loss 0.870.
public struct TopKConfiguration: SelectingConfiguration {
  public typealias Model = TopKAutoencoder

  /// Latents that may be active on a token.
  public var k: Int
  public var subtractsDecoderBias = true
  public var rescalesByDecoderNorm = true
  public var reconstructionLoss = ReconstructionLoss.squaredErrorPerToken
  public var auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss(.rawScores, coefficient: 1)
  public var decoderConstraint = DecoderConstraint.none
  /// How a threshold in the place of k comes about, if one is wanted: dictionary_learning keeps one.
  public var thresholdAverage: ThresholdAverage?
  /// How k comes down to its value, if it begins higher.
  public var annealing: KAnnealing?
  /// A further reconstruction from more latents than k.
  public var multiTopK: MultiTopK?

  /// Keeps the `k` largest latents of each token; the other settings at their defaults.
  public init(k: Int) { self.k = k }

  /// SAELens' conventions for training, which are the defaults; its rule for dead latents is
  /// ``DeadLatents/Rule/saeLens(window:)``.
  public static func saeLens(k: Int) -> TopKConfiguration { TopKConfiguration(k: k) }

  /// dictionary_learning's conventions; its rule for dead latents is
  /// ``DeadLatents/Rule/dictionaryLearningTopK(tokens:)``.
  public static func dictionaryLearning(k: Int) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
    configuration.followDictionaryLearning()
    configuration.thresholdAverage = .dictionaryLearning()
    return configuration
  }

  /// OpenAI's conventions. Its run has beside them, among ``TrainingOptions``, Adam with an ε of
  /// 6.25·10⁻¹⁰, ``WeightInitialization/encoderFirst``, ``TrainingOptions/Beginning/calibratesEncoder``,
  /// ``DeadLatents/Rule/openAI(batchTokens:tokens:)`` and an average with a decay of 0.999.
  ///
  /// - Parameters:
  ///   - k: latents that may be active on a token.
  ///   - loss: ``ReconstructionLoss/scaledMean(of:)`` of a sample.
  public static func openAI(k: Int, loss: ReconstructionLoss) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
    configuration.rescalesByDecoderNorm = false
    configuration.reconstructionLoss = loss
    configuration.auxiliaryLoss = .openAI
    configuration.decoderConstraint = .unitRowsBeforeStep
    return configuration
  }

  /// sparsify's conventions, with its auxiliary loss off; its rule for dead latents is
  /// ``DeadLatents/Rule/sparsify(tokens:)``.
  public static func sparsify(k: Int) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
    configuration.followSparsify()
    return configuration
  }
}

extension TopKConfiguration {
  public var targetL0: Double? { Double(k) }
}

extension TopKConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    SettingsFields(
      SettingsFields.selecting() + [
        .required("k", \.k),
        .optional("thresholdAverage", \.thresholdAverage, absent: nil),
        .optional("annealing", \.annealing, absent: nil),
        .optional("multiTopK", \.multiTopK, absent: nil),
      ])
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: TopKConfiguration(k: 1))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
