/// The settings of a ``BatchTopKAutoencoder``. Defaults are the recommended ones; each library's own
/// conventions are ``dictionaryLearning(k:)`` and ``saeLens(meanK:)``.
public struct BatchTopKConfiguration: SelectingConfiguration {
  public typealias Model = BatchTopKAutoencoder

  /// Latents that are active on a token, on average: ⌊meanK · tokens⌋ are kept of a batch.
  public var meanK: Double
  public var subtractsDecoderBias: Bool
  public var rescalesByDecoderNorm: Bool
  public var reconstructionLoss: ReconstructionLoss
  public var auxiliaryLoss: AuxiliaryLoss?
  public var decoderConstraint: DecoderConstraint
  /// How k comes down to its value, if it begins higher.
  public var annealing: KAnnealing?
  /// How the threshold for inference comes about.
  public var thresholdAverage: ThresholdAverage

  /// Keeps `meanK` latents per token on average over a batch; the other settings have their defaults unless
  /// given.
  public init(
    meanK: Double, subtractsDecoderBias: Bool = true, rescalesByDecoderNorm: Bool = true,
    reconstructionLoss: ReconstructionLoss = .squaredErrorPerToken,
    auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss(.rawScores, coefficient: 1),
    decoderConstraint: DecoderConstraint = .none, annealing: KAnnealing? = nil,
    thresholdAverage: ThresholdAverage = ThresholdAverage()
  ) {
    self.meanK = meanK
    self.subtractsDecoderBias = subtractsDecoderBias
    self.rescalesByDecoderNorm = rescalesByDecoderNorm
    self.reconstructionLoss = reconstructionLoss
    self.auxiliaryLoss = auxiliaryLoss
    self.decoderConstraint = decoderConstraint
    self.annealing = annealing
    self.thresholdAverage = thresholdAverage
  }
}

extension BatchTopKConfiguration {
  public var targetL0: Double? { meanK }

  public func check() throws(OptionError) { try annealing?.check() }
}

extension BatchTopKConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    SettingsFields(
      SettingsFields.selecting() + [
        .required("k", \.meanK),
        .optional("annealing", \.annealing, absent: nil),
        .optional("thresholdAverage", \.thresholdAverage, absent: ThresholdAverage()),
      ])
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: BatchTopKConfiguration(meanK: 1))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
