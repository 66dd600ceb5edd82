/// The tensors of `sae_weights.safetensors`.
enum SAELensWeights {
  /// A scalar in double precision, so it is kept among the settings, digit by digit.
  static let sharedThreshold = "topk_threshold"

  /// log₁₀ of how often each latent fires.
  static let frequencies = "sparsity"

  /// Names of parameters of some architectures. If an architecture has no use for one, it would be
  /// dropped, and with it the file's meaning.
  private static let telling: Set = [
    "W_enc", "b_enc", "W_skip", "threshold", "log_threshold", "b_gate", "b_mag", "r_mag",
    "W_router", "b_router", "omega", sharedThreshold,
  ]

  static func read(
    _ weights: NamedTensors, _ described: SAEFiles
  ) throws(FileError) -> SAEFiles {
    var files = described
    let outline = files.outline
    let required = outline.requiredParameters
    for (name, shape) in required.sorted(by: { $0.key < $1.key }) {
      if name == "threshold", !weights.contains(name), weights.contains("log_threshold") {
        try files.take(
          name, try weights.tensor("log_threshold"), stored: shape.stored(name),
          form: .logarithm(times: 1))
      } else {
        try files.take(
          name, try weights.tensor(name), stored: shape.stored(name),
          isTransposed: name == "W_enc")
      }
    }
    if outline.architecture.activation == .temporal { try checkAttention(weights, outline) }
    let hasScale = try weights.checkObsoleteScale()
    guard hasScale || !outline.expectsObsoleteScale else {
      throw .noSuchTensor(
        file: weights.path, tensor: NamedTensors.obsoleteScale,
        present: Array(weights.names.prefix(20)))
    }
    for name in weights.names
    where required[name] == nil && name != NamedTensors.obsoleteScale {
      try readFurther(try weights.tensor(name), required, into: &files)
    }
    return files
  }

  /// A tensor that the architecture does not need: kept as it is stored.
  private static func readFurther(
    _ tensor: StoredTensor, _ required: [String: SAEArchive.Shape], into files: inout SAEFiles
  ) throws(FileError) {
    let activation = files.outline.architecture.activation
    if tensor.name == sharedThreshold, [.batchTopK, .matryoshkaBatchTopK].contains(activation) {
      guard tensor.count == 1 else {
        throw .wrongShape(
          file: tensor.file, tensor: tensor.name, expected: "one number", found: tensor.shape)
      }
      let threshold = tensor.doubles()[0]
      guard Float(threshold).isFinite else {
        throw .notFinite(
          file: tensor.file, tensor: tensor.name, place: [], found: "\(threshold)")
      }
      files.outline.settings[sharedThreshold] = .double(threshold)
      return
    }
    // Newer checkpoints have the thresholds beside their logarithms.
    if tensor.name == "log_threshold", required["threshold"] != nil { return }
    guard !telling.contains(tensor.name) else {
      throw .unrecognized(
        file: tensor.file,
        lookedFor: ["only what a \(files.outline.architecture) has, as its configuration says"],
        found: [tensor.name])
    }
    guard tensor.shape.count == 1 || tensor.shape.count == 2 else {
      throw .wrongShape(
        file: tensor.file, tensor: tensor.name, expected: "one or two axes", found: tensor.shape)
    }
    try files.take(tensor.name, tensor, stored: tensor.shape)
  }

  private static func checkAttention(
    _ file: NamedTensors, _ archive: SAEArchive
  ) throws(FileError) {
    let latents = archive.latentCount
    let layers = archive.settings["n_attn_layers"]?.asInteger ?? 1
    let narrow = latents / (archive.settings["bottleneck_factor"]?.asInteger ?? 1)
    for layer in 0..<layers {
      for (name, width) in [
        ("k_ctx", narrow), ("q_target", narrow), ("v_ctx", latents), ("c_proj", latents),
      ] {
        let prefix = "attn_layers.\(layer).\(name)"
        for (part, shape) in [("weight", [width, latents]), ("bias", [width])] {
          let tensor = try file.tensor("\(prefix).\(part)")
          guard tensor.shape == shape else {
            throw .wrongShape(
              file: file.path, tensor: tensor.name, expected: TensorShape.describe(shape),
              found: tensor.shape)
          }
        }
      }
    }
  }

  /// Writes the weights under SAELens' names and in its shapes.
  ///
  /// - Parameters:
  ///   - metadata: of the file.
  ///   - frequencies: log₁₀ of how often each latent fires, to be written beside them.
  ///   - replacing: whether a file of that name gives way.
  static func write(
    _ archive: SAEArchive, to path: String, metadata: [String: String] = [:],
    frequencies: [Float]? = nil, replacing: Bool = true
  ) throws(FileError) {
    let exports = archive.parameters.sorted { $0.key < $1.key }.map { name, parameter in
      ParameterExport(name: name, parameter: parameter, isTransposed: name == "W_enc")
    }
    var declarations = exports.map(\.declaration)
    let threshold = archive.settings[sharedThreshold]?.asDouble
    if threshold != nil { declarations.append(TensorDeclaration(sharedThreshold, .f64, [])) }
    if let frequencies {
      declarations.append(TensorDeclaration(Self.frequencies, .f32, [frequencies.count]))
    }
    var metadata = metadata
    metadata["format"] = "pt"
    var writer = try SafetensorsWriter(
      path, declarations, metadata: metadata, replacing: replacing)
    for export in exports { try export.append(to: &writer) }
    if let threshold { try writer.append([threshold], to: sharedThreshold) }
    if let frequencies { try writer.append(frequencies, to: Self.frequencies) }
    try writer.finish()
  }
}
