/// Llamascopium 2, formerly lm-saes: `config.json` and `sae_weights.safetensors`, of an autoencoder or a
/// transcoder.
///
///     h = W_E (s_in x) + b_E      x̂ = (W_Dᵀ f + b_D) / s_out      f = h where it is kept
///
/// With `sparsity_include_decoder_norm`, h times its decoder row's norm is what is compared.
///
/// Source: OpenMOSS/Language-Models-SAEs, `sae.py`.
enum Llamascopium: PublishedLayout {
  static let layout = SAELayout.llamascopium
  private static let thresholds = "activation_function.log_jumprelu_threshold"
  private static let norm = "dataset_average_activation_norm"

  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool {
    (weights.names.contains("W_E") || weights.names.contains("U_matrices.0"))
      && place.beside("config.json") != nil
  }

  static func read(
    _ tensors: NamedTensors, at place: WeightsPlace
  ) throws(FileError) -> SAEFiles {
    var reader = try SettingsReader("\(place.directory)/config.json")
    let kind = try reader.string("sae_type") ?? "sae"
    guard kind == "sae" else {
      throw reader.invalid("sae_type", "sae, which is read", .string(kind))
    }
    if try reader.bool("use_glu_encoder") ?? false {
      throw reader.invalid(
        "use_glu_encoder", "false: a gated linear encoder is not run", .bool(true))
    }
    var files = try OneFile.files(
      layout, tensors, encoder: "W_E", decoder: "W_D", encoderBias: "b_E", decoderBias: "b_D",
      isLinear: false)
    try reader.check("d_model", is: files.outline.inputDimension)
    let (input, output) = (try reader.string("hook_point_in"), try reader.string("hook_point_out"))
    files.outline.metadata["hook_name"] = input.map { .string($0) }
    let isTranscoder = input != output
    if isTranscoder { files.outline.metadata["hook_name_out"] = output.map { .string($0) } }
    let isByNorm = try reader.bool("sparsity_include_decoder_norm") ?? true
    files.outline.architecture = SAEArchitecture(
      try activation(&reader, tensors, &files, isByNorm), isTranscoder: isTranscoder)
    try normalize(&reader, tensors, &files, input, output)
    return files
  }

  private static func activation(
    _ reader: inout SettingsReader, _ tensors: NamedTensors, _ files: inout SAEFiles,
    _ isByNorm: Bool
  ) throws(FileError) -> SAEArchitecture.Activation {
    let name = try reader.string("act_fn") ?? "relu"
    switch name {
    case "relu": return .relu
    case "jumprelu":
      try files.take(
        SAEArchive.threshold, try tensors.tensor(thresholds), stored: [files.outline.latentCount],
        form: .logarithm(times: 1))
      if isByNorm { files.finishing = .thresholdsByDecoderNorms }
      return .jumpReLU
    case "topk":
      files.outline.settings["k"] = .integer(try reader.positiveInteger("top_k"))
      guard !isByNorm else {
        throw reader.invalid(
          "sparsity_include_decoder_norm",
          "false with topk: a competition by norms of latents without them is not run",
          .bool(true))
      }
      files.outline.settings[SAEArchive.rescaling] = .bool(false)
      _ = try files.outline.checkedK(reader.file)
      return .topK
    case "batchtopk", "batchlayertopk", "layertopk":
      throw reader.invalid(
        "act_fn", "relu, jumprelu or topk: a selection over a batch has no threshold in its files",
        .string(name))
    default: throw reader.invalid("act_fn", "relu, jumprelu or topk", .string(name))
    }
  }

  private static func normalize(
    _ reader: inout SettingsReader, _ tensors: NamedTensors, _ files: inout SAEFiles,
    _ input: String?, _ output: String?
  ) throws(FileError) {
    let name = try reader.string("norm_activation") ?? "dataset-wise"
    switch name {
    // The norms are there and hold whatever memory held.
    case "inference": return
    case "token-wise":
      guard !files.outline.architecture.isTranscoder else {
        throw reader.invalid(
          "norm_activation", "another one for a transcoder, whose target's norm is not known",
          .string(name))
      }
      files.outline.inputNormalization = .constantNorm
    case "dataset-wise":
      func factor(_ hook: String?) throws(FileError) -> Double {
        try tensors.factor(
          fromNorm: "\(norm).\(hook ?? "")", width: files.outline.inputDimension)
      }
      let (into, out) = (try factor(input), try factor(output))
      try files.multiply("W_enc", by: into)
      try files.multiply("W_dec", by: 1 / out)
      try files.multiply("b_dec", by: 1 / out)
      // Norms of the rows are those before they were multiplied.
      if files.finishing == .thresholdsByDecoderNorms {
        try files.multiply(SAEArchive.threshold, by: 1 / out)
      }
    default:
      throw reader.invalid(
        "norm_activation", "dataset-wise, token-wise or inference", .string(name))
    }
  }
}
