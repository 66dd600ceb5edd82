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
