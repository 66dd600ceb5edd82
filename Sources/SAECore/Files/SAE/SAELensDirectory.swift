/// SAELens' layout: `cfg.json` and `sae_weights.safetensors` in a directory, and what training adds.
///
/// Also the layout of this package.
enum SAELensDirectory {
  static let configurationName = "cfg.json"
  static let weightsName = "sae_weights.safetensors"
  private static let frequenciesName = "sparsity.safetensors"
  private static let scalerName = "activation_scaler.json"

  /// Reads weights, and what lies beside them.
  static func read(
    _ weights: SafetensorsFile, directory: String
  ) throws(TensorFileError) -> SAEArchive {
    var archive = try SAELensConfiguration.read("\(directory)/\(configurationName)")
    try SAELensWeights.read(weights, into: &archive)
    let frequencies = "\(directory)/\(frequenciesName)"
    if SystemCall.exists(frequencies) {
      let tensor = try SafetensorsFile(frequencies).tensor("sparsity")
      guard tensor.shape == [archive.latentCount] else {
        throw .wrongShape(
          file: frequencies, tensor: "sparsity", expected: "\(archive.latentCount)",
          found: tensor.shape)
      }
      archive.logFrequencies = tensor.floats()
    }
    let scaler = "\(directory)/\(scalerName)"
    if SystemCall.exists(scaler) {
      var reader = try SettingsReader(scaler)
      archive.activationScale = try reader.double("scaling_factor")
      if try reader.bool("has_whitening") ?? false {
        throw reader.invalid(
          "has_whitening", "false: whitened checkpoints cannot be used", .bool(true))
      }
    }
    return archive
  }

  /// Writes a new directory.
  static func write(
    _ archive: SAEArchive, to destination: Destination, replacing: Artifact?
  ) throws(TensorFileError) {
    let path = destination.path
    guard let name = archive.architecture.saeLensName else {
      throw .notRepresentable(
        file: path, layout: "SAELens", what: "a \(archive.architecture)")
    }
    try archive.checkParameters(path)
    let directory = try AtomicDirectory(destination)
    let configuration = "\(configuration(archive, name))\n"
    try AtomicFile.write(Array(configuration.utf8), to: directory.file(configurationName))
    try SAELensWeights.write(archive, to: directory.file(weightsName))
    if let frequencies = archive.logFrequencies {
      var writer = try SafetensorsWriter(
        directory.file(frequenciesName),
        [TensorDeclaration("sparsity", .f32, [frequencies.count])])
      try writer.append(frequencies, to: "sparsity")
      try writer.finish()
    }
    if let scale = archive.activationScale {
      let text = "{\"scaling_factor\": \(JSONValue.double(scale)), \"has_whitening\": false}\n"
      try AtomicFile.write(Array(text.utf8), to: directory.file(scalerName))
    }
    try directory.finish(replacing: replacing)
  }

  private static func configuration(_ archive: SAEArchive, _ architecture: String) -> JSONValue {
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
