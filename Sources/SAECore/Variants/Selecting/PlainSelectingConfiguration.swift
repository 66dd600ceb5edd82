/// Settings that are k and what all selecting variants have: how they are written and read.
protocol PlainSelectingConfiguration: SelectingConfiguration, Codable {
  /// Latents that are active on a token.
  var k: Int { get set }

  init(
    k: Int, subtractsDecoderBias: Bool, rescalesByDecoderNorm: Bool,
    reconstructionLoss: ReconstructionLoss, auxiliaryLoss: AuxiliaryLoss?,
    decoderConstraint: DecoderConstraint)
}

extension PlainSelectingConfiguration {
  public var targetL0: Double? { Double(k) }

  private static var fields: SettingsFields<Self> {
    SettingsFields(SettingsFields.selecting() + [.required("k", \.k)])
  }

  public init(from decoder: any Decoder) throws {
    // Every field is set.
    let settings = Self(
      k: 1, subtractsDecoderBias: true, rescalesByDecoderNorm: true,
      reconstructionLoss: .squaredErrorPerToken, auxiliaryLoss: nil, decoderConstraint: .none)
    self = try Self.fields.decode(from: decoder, into: settings)
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
