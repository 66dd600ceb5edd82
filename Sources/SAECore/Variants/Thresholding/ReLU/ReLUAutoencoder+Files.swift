extension ReLUAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    archive(
      SAEArchitecture(.relu), parameters, subtractsDecoderBias: configuration.subtractsDecoderBias)
  }

  /// The autoencoder that files hold; settings of training that are missing there are SAELens' defaults.
  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self, SAEArchitecture(.relu))
    var configuration = ReLUConfiguration(coefficient: .one)
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    self = try archive.autoencoder(
      of: [.encoder, .encoderBias, .decoder, .decoderBias], configuration)
  }
}
