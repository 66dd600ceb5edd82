/// SAELens' layout: `cfg.json` and `sae_weights.safetensors` in a directory, and the files that training
/// adds.
///
/// Also the layout of this package.
enum SAELensDirectory {
  static let configurationName = "cfg.json"
  static let weightsName = "sae_weights.safetensors"
  private static let frequenciesName = "sparsity.safetensors"
  private static let scalerName = "activation_scaler.json"

  private static let whiteningName = "activation_whitening.safetensors"

  /// Reads the description of weights, and the files beside them.
  static func read(
    _ weights: NamedTensors, directory: String
  ) throws(FileError) -> SAEFiles {
    var outline = try SAELensConfiguration.read("\(directory)/\(configurationName)")
    let frequencies = "\(directory)/\(frequenciesName)"
    if SystemCall.exists(frequencies) {
      try outline.takeFrequencies(SafetensorsFile(frequencies).tensor(SAELensWeights.frequencies))
    }
    let scaler = "\(directory)/\(scalerName)"
    if SystemCall.exists(scaler) { try outline.takeScale(SettingsReader(scaler)) }
    let whitening = "\(directory)/\(whiteningName)"
    guard !SystemCall.exists(whitening) else {
      throw .invalidSetting(
        file: whitening, setting: "activations", expected: "none that were whitened",
        found: "a whitening, which is not read")
    }
    return try SAELensWeights.read(weights, SAEFiles(.saeLens, outline))
  }

  /// Writes a new directory; an architecture without a name in SAELens gets one of this library's.
  static func write(
    _ archive: SAEArchive, to destination: Destination, replacing: Artifact?
  ) throws(FileError) {
    let path = destination.path
    func refusal(_ what: String) -> FileError {
      .notRepresentable(file: path, layout: "SAELens", what: what)
    }
    guard let name = archive.architecture.name else {
      throw refusal("a \(archive.architecture)")
    }
    guard !archive.architecture.isTranscoder || !archive.subtractsDecoderBias else {
      throw refusal("a decoder bias that a transcoder subtracts")
    }
    try archive.checkParameters(path)
    let directory = try AtomicDirectory(destination)
    let configuration = "\(configuration(archive, name))\n"
    try AtomicFile.write(Array(configuration.utf8), to: directory.file(configurationName))
    try SAELensWeights.write(archive, to: directory.file(weightsName))
    if let frequencies = archive.logFrequencies {
      var writer = try SafetensorsWriter(
        directory.file(frequenciesName),
        [TensorDeclaration(SAELensWeights.frequencies, .f32, [frequencies.count])])
      try writer.append(frequencies, to: SAELensWeights.frequencies)
      try writer.finish()
    }
    if let scale = archive.activationScale {
      try AtomicFile.write(
        Array("\(scaler(scale))\n".utf8), to: directory.file(scalerName))
    }
    try directory.finish(replacing: replacing)
  }

  /// The factor of its activations that a training checkpoint has.
  static func scaler(_ scale: Double) -> String {
    "{\"scaling_factor\": \(JSONValue.double(scale)), \"has_whitening\": false}"
  }

  /// The configuration of version 6, under a name of the architecture.
  static func configuration(_ archive: SAEArchive, _ architecture: String) -> JSONValue {
    var object = JSONObject()
    object["d_in"] = .integer(archive.inputDimension)
    object["d_sae"] = .integer(archive.latentCount)
    if archive.architecture.isTranscoder { object["d_out"] = .integer(archive.outputDimension) }
    let type = SAELensConfiguration.typeNames.first { $0.key == archive.type }?.value
    object["dtype"] = .string(type ?? "float32")
    object["device"] = .string("cpu")
    object["apply_b_dec_to_input"] = .bool(archive.subtractsDecoderBias)
    object["normalize_activations"] = .string(archive.inputNormalization.rawValue)
    object["reshape_activations"] = .string(archive.flattensHeads ? "hook_z" : "none")
    for (key, value) in archive.settings.members where key != SAELensWeights.sharedThreshold {
      object[key] = value
    }
    var metadata = archive.metadata
    let version = metadata["sae_lens_version"]?.asString.flatMap { Int($0.prefix { $0 != "." }) }
    // Without it, or with an older one, the file would be taken for one of the flat form.
    if version ?? 0 < 6 { metadata["sae_lens_version"] = .string(SAELensConfiguration.version) }
    object["metadata"] = .object(metadata)
    object["architecture"] = .string(architecture)
    return .object(object)
  }
}

extension SAEArchive {
  /// Takes log₁₀ of the frequencies with which latents fire.
  mutating func takeFrequencies(_ tensor: StoredTensor) throws(FileError) {
    guard tensor.shape == [latentCount] else {
      throw .wrongShape(
        file: tensor.file, tensor: tensor.name, expected: "\(latentCount)", found: tensor.shape)
    }
    logFrequencies = tensor.floats()
  }

  /// Takes the factor of its activations that a training checkpoint has.
  mutating func takeScale(_ settings: SettingsReader) throws(FileError) {
    var reader = settings
    if let factor = try reader.double("scaling_factor") {
      guard factor > 0 else {
        throw reader.invalid("scaling_factor", "a number above 0, or null", .double(factor))
      }
      activationScale = factor
    }
    if try reader.bool("has_whitening") ?? false {
      throw reader.invalid(
        "has_whitening", "false: whitened checkpoints are not read", .bool(true))
    }
  }
}
