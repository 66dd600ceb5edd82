/// A transcoder whose latents are active above thresholds of their own (JumpReLU), or above 0 (ReLU),
/// to be run:
///
///     h = W_enc x + b_enc      z = h where h > max(θ, 0)      ŷ = W_decᵀ z + b_dec [+ W_skip x]
///
/// Source: the classes `transcoder`, `skip_transcoder`, `jumprelu_transcoder` and
/// `jumprelu_skip_transcoder` of SAELens, which has them for inference alone.
public struct ThresholdTranscoder: SparseAutoencoder, Equatable {
  /// W_enc (latents × input width), b_enc (1 × latents), W_dec (latents × output width), b_dec
  /// (1 × output width), `threshold` (1 × latents) for JumpReLU, W_skip (output width × input width)
  /// with a skip connection.
  public let parameters: ParameterSet
  /// Whether b_dec is subtracted from the input.
  public let subtractsDecoderBias: Bool

  public var inputDimension: Int { parameters[.encoder].columns }
  public var outputDimension: Int { parameters[.decoder].columns }
  public var latentCount: Int { parameters[.encoder].rows }
  public var decoder: Matrix { parameters[.decoder] }
  public var encoder: Matrix? { parameters[.encoder] }

  private static let threshold = ParameterName(rawValue: SAEArchive.threshold)

  /// A transcoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other.
  public init(
    parameters: ParameterSet, subtractsDecoderBias: Bool = false
  ) throws(ShapeError) {
    try parameters.checkShapes(isTranscoder: true)
    try parameters.checkSkipConnection(parameters.contains(.skip))
    let latents = parameters[.encoder].rows
    if parameters.contains(Self.threshold) {
      try ShapeError.check(
        "threshold", "numbers", expected: latents, found: parameters[Self.threshold].count)
    }
    if subtractsDecoderBias {
      try ShapeError.check(
        "b_dec", "numbers", expected: parameters[.encoder].columns,
        found: parameters[.decoderBias].count)
    }
    self.parameters = parameters
    self.subtractsDecoderBias = subtractsDecoderBias
  }

  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    let inputs =
      subtractsDecoderBias
      ? activations.subtractingFromRows(parameters[.decoderBias].array) : activations
    let thresholds =
      parameters.contains(Self.threshold)
      ? parameters[Self.threshold].array.map { max($0, 0) }
      : [Float](repeating: 0, count: latentCount)
    return SparseLatents.aboveThreshold(
      of: inputs, encoder: parameters[.encoder], bias: parameters[.encoderBias].array,
      thresholds: thresholds)
  }

  /// What the activations become, tokens × ``SparseAutoencoder/outputDimension``, with the skip connection.
  ///
  /// - Throws: ``ShapeError`` if a size is another.
  public func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    try check(activations, latents)
    return parameters.addingSkipConnection(
      of: activations,
      to: latents.decoded(by: parameters[.decoder], bias: parameters[.decoderBias].array))
  }
}

extension ThresholdTranscoder: StorableAutoencoder {
  /// Those of files that are opened as one.
  static let architectures = [SAEArchitecture.Activation.relu, .jumpReLU].flatMap { activation in
    [false, true].map {
      SAEArchitecture(activation, isTranscoder: true, hasSkipConnection: $0)
    }
  }

  public func archive() -> SAEArchive {
    let architecture = SAEArchitecture(
      parameters.contains(Self.threshold) ? .jumpReLU : .relu, isTranscoder: true,
      hasSkipConnection: parameters.contains(.skip))
    return archive(architecture, parameters, subtractsDecoderBias: subtractsDecoderBias)
  }

  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self)
    let activation = archive.architecture.activation
    guard Self.architectures.contains(archive.architecture) else {
      throw .invalidSetting(
        file: archive.file, setting: "architecture", expected: "a transcoder with ReLU or JumpReLU",
        found: "\(archive.architecture)")
    }
    var names = SAEArchive.selectingParameters
    if activation == .jumpReLU { names.append(Self.threshold) }
    if archive.architecture.hasSkipConnection { names.append(.skip) }
    let parameters = try archive.parameterSet(names)
    do {
      try self.init(
        parameters: parameters, subtractsDecoderBias: archive.subtractsDecoderBias)
    } catch {
      throw error.of(file: archive.file)
    }
  }
}
