/// The settings of a ``BatchTopKAutoencoder``. Defaults are the recommended ones; each library's own
/// conventions are ``dictionaryLearning(k:)`` and ``saeLens(k:)``.
public struct BatchTopKConfiguration: SelectingConfiguration {
  public typealias Model = BatchTopKAutoencoder

  /// Latents that are active on a token, on average: ⌊k · tokens⌋ are kept of a batch.
  public var k: Double
  public var subtractsDecoderBias = true
  public var rescalesByDecoderNorm = true
  public var reconstructionLoss = ReconstructionLoss.squaredErrorPerToken
  public var auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss(.rawScores, coefficient: 1)
  public var decoderConstraint = DecoderConstraint.none
  /// How k comes down to its value, if it begins higher.
  public var annealing: KAnnealing?
  /// How the threshold for inference comes about.
  public var thresholdAverage = ThresholdAverage()

  /// Keeps `k` latents per token on average over a batch; the other settings at their defaults.
  public init(k: Double) { self.k = k }
}

extension BatchTopKConfiguration {
  public var targetL0: Double? { k }
}

extension BatchTopKConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    SettingsFields(
      SettingsFields.selecting() + [
        .required("k", \.k),
        .optional("annealing", \.annealing, absent: nil),
        .optional("thresholdAverage", \.thresholdAverage, absent: ThresholdAverage()),
      ])
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: BatchTopKConfiguration(k: 1))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
