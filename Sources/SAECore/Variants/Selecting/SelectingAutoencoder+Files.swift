/// The common part of selecting autoencoders' files.
extension SelectingAutoencoder {
  /// An archive of an autoencoder with a k of its own for each token.
  func archive(_ activation: SAEArchitecture.Activation, k: Int) -> SAEArchive {
    var archive = archive(
      SAEArchitecture(activation), parameters,
      subtractsDecoderBias: configuration.subtractsDecoderBias)
    archive.settings["k"] = .integer(k)
    archive.settings[SAEArchive.rescaling] = .bool(configuration.rescalesByDecoderNorm)
    return archive
  }
}

extension SAEArchive {
  static let selectingParameters: [ParameterName] = [
    .encoder, .encoderBias, .decoder, .decoderBias,
  ]

  /// An autoencoder that keeps k latents of each token.
  ///
  /// - Parameter configuration: the settings of a k; files say which of the others they have.
  /// - Throws: ``FileError`` if the archive is of another architecture, or something is missing.
  func selecting<Model: SelectingAutoencoder>(
    _ activation: SAEArchitecture.Activation, _ configuration: (Int) -> Model.Configuration
  ) throws(FileError) -> Model {
    let archive = try plain(for: Model.self, SAEArchitecture(activation))
    var configuration = configuration(try archive.checkedK(archive.file))
    archive.apply(to: &configuration)
    return try archive.autoencoder(of: SAEArchive.selectingParameters, configuration)
  }

  /// Takes over the settings of an autoencoder with a k for each token.
  func apply(to configuration: inout some SelectingConfiguration) {
    configuration.subtractsDecoderBias = subtractsDecoderBias
    configuration.rescalesByDecoderNorm = settings[SAEArchive.rescaling]?.asBool ?? false
  }
}

extension ShapeError {
  /// The error of a file whose parameters do not fit each other or its settings.
  func of(file: String) -> FileError {
    .invalidSetting(
      file: file, setting: subject, expected: "\(expected) \(dimension)", found: "\(found)")
  }
}
