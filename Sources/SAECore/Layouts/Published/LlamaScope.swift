/// Llama Scope: `hyperparams.json` and `checkpoints/final.safetensors` in a directory per autoencoder or
/// transcoder; JumpReLU of one threshold for activations as they are.
///
///     z = W_enc x + b_enc / s_in     d_j = g ‖W_dec,j‖, or 1     f_j = z_j d_j where it exceeds t
///     x̂ = Σ f_j (g / d_j) W_dec,j + b_dec / s_out     s = √width / mean norm     g = s_in / s_out
///
/// Source: He et al. 2024, arXiv 2410.20526; OpenMOSS/Language-Model-SAEs of December 2024.
enum LlamaScope: PublishedLayout {
  static let layout = SAELayout.llamaScope
  private static let configurationName = "hyperparams.json"

  static func weights(in names: [String]) -> String? {
    names.contains(configurationName) ? "checkpoints/final.safetensors" : nil
  }

  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool {
    configuration(place) != nil && weights.names.contains("encoder.weight")
      && weights.names.contains("decoder.bias")
  }

  private static func configuration(_ place: WeightsPlace) -> String? {
    let path = "\(place.parent)/\(configurationName)"
    return place.beside(configurationName) ?? (SystemCall.exists(path) ? path : nil)
  }

  static func read(
    _ tensors: NamedTensors, at place: WeightsPlace
  ) throws(FileError) -> SAEFiles {
    var reader = try SettingsReader(configuration(place) ?? configurationName)
    var files = try OneFile.files(
      layout, tensors, encoder: "encoder.weight", decoder: "decoder.weight",
      encoderBias: "encoder.bias", decoderBias: "decoder.bias")
    try reader.check("d_model", is: files.outline.inputDimension)
    try reader.check("d_sae", is: files.outline.latentCount)
    for name in ["use_glu_encoder", "apply_decoder_bias_to_pre_encoder"]
    where try reader.bool(name) ?? false {
      throw reader.invalid(name, "false", .bool(true))
    }
    let (input, output) = (try reader.string("hook_point_in"), try reader.string("hook_point_out"))
    files.outline.metadata["hook_name"] = input.map { .string($0) }
    let isTranscoder = input != output
    if isTranscoder { files.outline.metadata["hook_name_out"] = output.map { .string($0) } }
    files.outline.architecture = SAEArchitecture(
      try activation(&reader, &files), isTranscoder: isTranscoder)
    let (into, out) = try factors(&reader, files.outline.inputDimension)
    try files.multiply("b_enc", by: 1 / into)
    try files.multiply("b_dec", by: 1 / out)
    try files.multiply("W_dec", by: into / out)
    if try reader.bool("sparsity_include_decoder_norm") ?? true {
      files.finishing = .unitDecoderRows
    }
    return files
  }

  private static func activation(
    _ reader: inout SettingsReader, _ files: inout SAEFiles
  ) throws(FileError) -> SAEArchitecture.Activation {
    let name = try reader.string("act_fn") ?? "jumprelu"
    let threshold = try reader.double("jump_relu_threshold")
    switch name {
    case "jumprelu":
      guard let threshold else { throw reader.missing("jump_relu_threshold", "a number") }
      files.fill(
        SAEArchive.threshold, with: Float(threshold), count: files.outline.latentCount)
      return .jumpReLU
    case "relu": return .relu
    case "topk":
      guard threshold ?? 0 == 0 else {
        throw reader.invalid(
          "jump_relu_threshold", "none or 0 beside the activation topk", .double(threshold ?? 0))
      }
      files.outline.settings["k"] = .integer(try reader.positiveInteger("top_k"))
      files.outline.settings[SAEArchive.rescaling] = .bool(false)
      _ = try files.outline.checkedK(reader.file)
      return .topK
    default: throw reader.invalid("act_fn", "jumprelu, relu or topk", .string(name))
    }
  }

  /// The factors of the input and of the output.
  private static func factors(
    _ reader: inout SettingsReader, _ width: Int
  ) throws(FileError) -> (Double, Double) {
    let normalization = try reader.string("norm_activation") ?? "dataset-wise"
    guard normalization != "inference" else { return (1, 1) }
    guard normalization == "dataset-wise" else {
      throw reader.invalid(
        "norm_activation", "dataset-wise or inference", .string(normalization))
    }
    let name = "dataset_average_activation_norm"
    guard let object = try reader.object(name) else {
      throw reader.missing(name, "the mean norms in and out")
    }
    func factor(_ part: String) throws(FileError) -> Double {
      guard let norm = object[part]?.asDouble, norm.isFinite, norm > 0 else {
        throw reader.invalid("\(name).\(part)", "a number above 0", object[part] ?? .null)
      }
      return Double(width).squareRoot() / norm
    }
    return (try factor("in"), try factor("out"))
  }
}
