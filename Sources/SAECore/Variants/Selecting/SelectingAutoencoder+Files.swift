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
