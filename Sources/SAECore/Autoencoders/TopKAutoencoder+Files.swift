extension TopKAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    var archive = SAEArchive(
      SAEArchitecture(.topK), inputDimension: inputDimension, outputDimension: outputDimension,
      latentCount: latentCount)
    archive.subtractsDecoderBias = configuration.subtractsDecoderBias
    archive.settings["k"] = .integer(configuration.k)
    archive.settings["rescale_acts_by_decoder_norm"] = .bool(configuration.rescalesByDecoderNorm)
    archive.setParameters(parameters)
    return archive
  }

  public init(_ archive: SAEArchive, file: String) throws(TensorFileError) {
    guard archive.architecture == SAEArchitecture(.topK) else {
      throw .invalidSetting(
        file: file, setting: "architecture", expected: "topk",
        found: "\(archive.architecture)")
    }
    var configuration = TopKConfiguration(k: try archive.checkedK(file))
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    configuration.rescalesByDecoderNorm =
      archive.settings["rescale_acts_by_decoder_norm"]?.asBool ?? false
    let parameters = try archive.parameterSet(
      [.encoder, .encoderBias, .decoder, .decoderBias], file: file)
    do {
      try self.init(parameters: parameters, configuration: configuration)
    } catch {
      throw .invalidSetting(
        file: file, setting: error.subject, expected: "\(error.expected) \(error.dimension)",
        found: "\(error.found)")
    }
  }
}
