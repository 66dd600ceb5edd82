/// One safetensors file with an autoencoder's weights under SAELens' names, and in its header's metadata
/// the configuration, which gives the weights their meaning.
enum SelfDescribingWeights {
  /// The content that `cfg.json` has in a directory.
  private static let configuration = "sae_config"
  /// The content of `activation_scaler.json`.
  private static let scaler = "activation_scaler"

  static func isOne(_ metadata: [String: String]) -> Bool { metadata[configuration] != nil }

  static func read(_ weights: NamedTensors) throws(FileError) -> SAEFiles {
    var outline = try SAELensConfiguration.archive(settings(configuration, weights))
    if weights.metadata[scaler] != nil { try outline.takeScale(settings(scaler, weights)) }
    var files = SAEFiles(.safetensors, outline)
    let frequencies = SAELensWeights.frequencies
    if weights.contains(frequencies) {
      try files.outline.takeFrequencies(try weights.tensor(frequencies))
    }
    return try SAELensWeights.read(weights.without(frequencies), files)
  }

  private static func settings(
    _ name: String, _ weights: NamedTensors
  ) throws(FileError) -> SettingsReader {
    let text = weights.metadata[name] ?? ""
    let file = "\(weights.path), \(name) of its metadata"
    guard let object = try JSONValue.parse(Array(text.utf8), file: file).asObject else {
      throw .malformed(file: file, offset: 0, expected: "an object", found: "another value")
    }
    return SettingsReader(object, file: file)
  }

  static func write(
    _ archive: SAEArchive, to path: String, replacing: Bool
  ) throws(FileError) {
    func refusal(_ what: String) -> FileError {
      .notRepresentable(file: path, layout: "one safetensors file", what: what)
    }
    guard let name = archive.architecture.name else { throw refusal("a \(archive.architecture)") }
    guard !archive.architecture.isTranscoder || !archive.subtractsDecoderBias else {
      throw refusal("a decoder bias that a transcoder subtracts")
    }
    guard !archive.isBooster else { throw refusal("the booster of another autoencoder") }
    try archive.checkParameters(path)
    if replacing { try Artifact.autoencoderFile.check(Destination(path), replacing: true) }
    var metadata = [configuration: "\(SAELensDirectory.configuration(archive, name))"]
    if let scale = archive.activationScale { metadata[scaler] = SAELensDirectory.scaler(scale) }
    try SAELensWeights.write(
      archive, to: path, metadata: metadata, frequencies: archive.logFrequencies,
      replacing: replacing)
  }
}
