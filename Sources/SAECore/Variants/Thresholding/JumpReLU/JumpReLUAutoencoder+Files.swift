extension JumpReLUAutoencoder: StorableAutoencoder {
  /// Files hold θ, whatever the optimizer changes; thresholds below 0 as the 0 that they act as.
  public func archive() -> SAEArchive {
    var archive = SAEArchive(
      SAEArchitecture(.jumpReLU), inputDimension: inputDimension,
      outputDimension: outputDimension, latentCount: latentCount)
    archive.subtractsDecoderBias = configuration.subtractsDecoderBias
    archive.setParameters(
      parameters.replacing(
        [configuration.parametrization.name],
        with: [(.threshold, thresholds.map { max($0, 0) })]))
    return archive
  }

  /// The autoencoder that files hold; what they do not say of its training is SAELens' default.
  public init(_ archive: SAEArchive) throws(TensorFileError) {
    let archive = try archive.plain(for: Self.self)
    try archive.check(SAEArchitecture(.jumpReLU))
    var configuration = JumpReLUConfiguration.saeLens(coefficient: .one)
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    let parameters = try archive.parameterSet(
      [.encoder, .encoderBias, .decoder, .decoderBias, .threshold])
    do {
      try self.init(parameters: parameters, configuration: configuration)
    } catch {
      throw error.of(file: archive.file)
    }
  }
}
