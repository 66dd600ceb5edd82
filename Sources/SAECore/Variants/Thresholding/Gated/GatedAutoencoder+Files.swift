extension GatedAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    var archive = SAEArchive(
      SAEArchitecture(.gated), inputDimension: inputDimension, outputDimension: outputDimension,
      latentCount: latentCount)
    archive.subtractsDecoderBias = configuration.subtractsDecoderBias
    archive.setParameters(parameters)
    return archive
  }

  /// The autoencoder that files hold; what they do not say of its training is SAELens' default.
  public init(_ archive: SAEArchive) throws(TensorFileError) {
    let archive = try archive.plain(for: Self.self)
    try archive.check(SAEArchitecture(.gated))
    var configuration = GatedConfiguration.saeLens(coefficient: .one)
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    let parameters = try archive.parameterSet(
      [.encoder, .gateBias, .magnitudeBias, .magnitudeScale, .decoder, .decoderBias])
    do {
      try self.init(parameters: parameters, configuration: configuration)
    } catch {
      throw error.of(file: archive.file)
    }
  }
}
