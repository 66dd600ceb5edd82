/// Llama Scope's autoencoders of a distilled R1: `config.json` and `sae_weights.safetensors`; JumpReLU with
/// thresholds for scaled activations.
///
/// Source: OpenMOSS/Language-Model-SAEs of February 2025.
enum DistilledLlamaScope: PublishedLayout {
  static let layout = SAELayout.distilledLlamaScope
  private static let thresholds = "log_jumprelu_threshold"
  private static let norm = "dataset_average_activation_norm."

  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool {
    weights.names.contains(thresholds) && weights.names.contains("encoder.weight")
  }

  static func read(
    _ tensors: NamedTensors, at place: WeightsPlace
  ) throws(FileError) -> SAEFiles {
    var reader = try SettingsReader("\(place.directory)/config.json")
    var files = try OneFile.files(
      layout, tensors, encoder: "encoder.weight", decoder: "decoder.weight",
      encoderBias: "encoder.bias", decoderBias: "decoder.bias")
    try reader.check("d_model", is: files.outline.inputDimension)
    if let name = try reader.string("act_fn"), name != "jumprelu" {
      throw reader.invalid("act_fn", "jumprelu", .string(name))
    }
    files.outline.architecture = SAEArchitecture(.jumpReLU)
    try files.take(
      SAEArchive.threshold, try tensors.tensor(thresholds), stored: [files.outline.latentCount],
      form: .logarithm(times: 1))
    if try reader.bool("sparsity_include_decoder_norm") ?? true {
      files.finishing = .thresholdsByDecoderNorms
    }
    let hook = try reader.string("hook_point_in")
    files.outline.metadata["hook_name"] = hook.map { .string($0) }
    try takeScale(tensors, hook, &files)
    return files
  }

  /// The factor that activations are multiplied by, which the file has if the trainer knew it.
  private static func takeScale(
    _ tensors: NamedTensors, _ hook: String?, _ files: inout SAEFiles
  ) throws(FileError) {
    files.outline.inputNormalization = .averageOnly
    let names = tensors.names.filter { $0.hasPrefix(norm) }
    // Where the place is not known, one norm is that of the only place.
    let name = hook.map { norm + $0 } ?? (names.count == 1 ? names[0] : nil)
    guard let name, names.contains(name) else { return }
    files.outline.activationScale = try tensors.factor(
      fromNorm: name, width: files.outline.inputDimension)
  }
}
