/// What files of selecting autoencoders have in common.
extension SelectingAutoencoder {
  /// An archive with the parameters of this autoencoder, as they are or others.
  func archive(
    _ architecture: SAEArchitecture, parameters: ParameterSet? = nil
  ) -> SAEArchive {
    var archive = SAEArchive(
      architecture, inputDimension: inputDimension, outputDimension: outputDimension,
      latentCount: latentCount)
    archive.subtractsDecoderBias = configuration.subtractsDecoderBias
    archive.setParameters(parameters ?? self.parameters)
    return archive
  }

  /// An archive of an autoencoder with a k of its own for each token.
  func archive(_ activation: SAEArchitecture.Activation, k: Int) -> SAEArchive {
    var archive = archive(SAEArchitecture(activation))
    archive.settings["k"] = .integer(k)
    archive.settings[SAEArchive.rescaling] = .bool(configuration.rescalesByDecoderNorm)
    return archive
  }
}

extension SAEArchive {
  /// The setting of ``SelectingConfiguration/rescalesByDecoderNorm``.
  static let rescaling = "rescale_acts_by_decoder_norm"

  static let selectingParameters: [ParameterName] = [
    .encoder, .encoderBias, .decoder, .decoderBias,
  ]

  /// Takes over what files say of an autoencoder with a k for each token.
  func apply(to configuration: inout some SelectingConfiguration) {
    configuration.subtractsDecoderBias = subtractsDecoderBias
    configuration.rescalesByDecoderNorm = settings[SAEArchive.rescaling]?.asBool ?? false
  }
}

extension ShapeError {
  /// The error of a file whose parameters do not fit each other or its settings.
  func of(file: String) -> TensorFileError {
    .invalidSetting(
      file: file, setting: subject, expected: "\(expected) \(dimension)", found: "\(found)")
  }
}
