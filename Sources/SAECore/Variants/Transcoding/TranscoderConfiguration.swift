/// The settings of a ``Transcoder``. Decoder rows are free, as sparsify leaves those of transcoders.
public struct TranscoderConfiguration: SelectingConfiguration {
  public typealias Model = Transcoder

  /// How latents are selected.
  public enum Selection: Sendable, Equatable, Codable {
    /// The k largest positive ones of each token.
    case topK
    /// The k largest of each token, negative ones where fewer are positive, as circuit-tracer has them.
    case topKOfAnySign
    /// The largest of each of k groups.
    case groupMax
  }

  /// Latents that may be active on a token.
  public var k: Int
  /// How latents are chosen.
  public var selection: Selection
  /// Whether a linear map of the input is added to the output.
  public var hasSkipConnection: Bool
  /// Never: b_dec is of the output's space. Setting it has no effect.
  public var subtractsDecoderBias: Bool {
    get { false }
    set {}
  }
  public var rescalesByDecoderNorm: Bool
  public var reconstructionLoss: ReconstructionLoss
  public var auxiliaryLoss: AuxiliaryLoss?
  public var decoderConstraint: DecoderConstraint

  /// Keeps `k` latents per token; the other settings have their defaults unless given.
  public init(
    k: Int, selection: Selection = .topK, hasSkipConnection: Bool = false,
    rescalesByDecoderNorm: Bool = false,
    reconstructionLoss: ReconstructionLoss = .squaredErrorPerToken,
    auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss(), decoderConstraint: DecoderConstraint = .none
  ) {
    self.k = k
    self.selection = selection
    self.hasSkipConnection = hasSkipConnection
    self.rescalesByDecoderNorm = rescalesByDecoderNorm
    self.reconstructionLoss = reconstructionLoss
    self.auxiliaryLoss = auxiliaryLoss
    self.decoderConstraint = decoderConstraint
  }

  /// The parameters that training begins with, as sparsify has them: an encoder uniform in ±1/√width,
  /// W_dec and W_skip 0, b_dec the mean of the first outputs, b_enc = −W_enc (mean of the first inputs).
  ///
  /// - Throws: ``OptionError`` for sizes that make no sense, ``ShapeError`` if there is no token.
  public func initialParameters(
    inputs: Matrix, outputs: Matrix, latentCount: Int, using generator: inout RandomGenerator
  ) throws -> ParameterSet {
    var parameters = try WeightInitialization.transcoderParameters(
      inputDimension: inputs.columns, outputDimension: outputs.columns, latentCount: latentCount,
      using: &generator)
    parameters[.decoderBias] = try DecoderBiasInitialization.mean.bias(for: outputs)
    var biases = Matrix.product(
      try DecoderBiasInitialization.mean.bias(for: inputs).view, parameters[.encoder].transposed)
    biases.scale(by: -1)
    parameters[.encoderBias] = biases
    guard hasSkipConnection else { return parameters }
    return ParameterSet(
      names: parameters.names + [.skip],
      matrices: parameters.names.map { parameters[$0] } + [
        Matrix(rows: outputs.columns, columns: inputs.columns)
      ])
  }
}

extension TranscoderConfiguration {
  public var targetL0: Double? { Double(k) }
}

extension TranscoderConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    SettingsFields(
      SettingsFields.selecting(subtractsDecoderBias: false) + [
        .required("k", \.k),
        .optional("selection", \.selection, absent: .topK),
        .optional("hasSkipConnection", \.hasSkipConnection, absent: false),
      ])
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: TranscoderConfiguration(k: 1))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
