extension GatedAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    archive(
      SAEArchitecture(.gated), parameters, subtractsDecoderBias: configuration.subtractsDecoderBias)
  }

  /// The autoencoder that files hold; settings of training that are missing there are SAELens' defaults.
  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self, SAEArchitecture(.gated))
    let configuration = GatedConfiguration(
      coefficient: .one, subtractsDecoderBias: archive.subtractsDecoderBias,
      decoderBiasInitialization: .zeros)
    self = try archive.autoencoder(
      of: [.encoder, .gateBias, .magnitudeBias, .magnitudeScale, .decoder, .decoderBias],
      configuration)
  }
}
