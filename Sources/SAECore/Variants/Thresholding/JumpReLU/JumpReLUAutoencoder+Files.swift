extension JumpReLUAutoencoder: StorableAutoencoder {
  /// Files hold θ, whatever the optimizer changes; thresholds below 0 as the 0 that they act as.
  public func archive() -> SAEArchive {
    archive(
      SAEArchitecture(.jumpReLU),
      parameters.replacing(
        [configuration.parametrization.name],
        with: [(.threshold, thresholds.map { max($0, 0) })]),
      subtractsDecoderBias: configuration.subtractsDecoderBias)
  }

  /// The autoencoder that files hold; settings of training that are missing there are SAELens' defaults.
  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self, SAEArchitecture(.jumpReLU))
    var configuration = JumpReLUConfiguration.unknownTraining
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    self = try archive.autoencoder(
      of: [.encoder, .encoderBias, .decoder, .decoderBias, .threshold], configuration)
  }
}
