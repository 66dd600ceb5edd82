/// Crosscoders over streams, layers or models: `config.json` with `model.safetensors`, or one PyTorch file;
/// ReLU, or a threshold for latents times their decoders' norms.
///
/// Source: science-of-finetuning/crosscoder (a fork of dictionary_learning), `CrossCoder` and
/// `BatchTopKCrossCoder`.
enum StreamCrosscoder: CrosscoderLayout {
  static func isOne(_ names: [String], in directory: String) -> Bool {
    guard let tensors = try? tensors(directory, names) else { return false }
    return (try? tensors.tensor("encoder.weight").shape.count) == 3
  }

  private static func tensors(
    _ directory: String, _ names: [String]
  ) throws(FileError) -> NamedTensors {
    if names.contains("model.safetensors") {
      return try NamedTensors(directory, "model.safetensors")
    }
    let files = names.filter { $0.hasSuffix(".pt") }
    guard files.count == 1 else {
      throw .unrecognized(
        file: directory, lookedFor: ["model.safetensors or one PyTorch file"],
        found: Array(files.prefix(20)))
    }
    return NamedTensors(try TorchFile("\(directory)/\(files[0])"))
  }

  static func read(_ directory: String, _ names: [String]) throws(FileError) -> Crosscoder {
    let tensors = try tensors(directory, names)
    let shape = try tensors.tensor("encoder.weight").shape
    let (streams, width, latents) = (shape[0], shape[1], shape[2])
    if names.contains("config.json") {
      var reader = try SettingsReader("\(directory)/config.json")
      try reader.check("activation_dim", is: width)
      try reader.check("dict_size", is: latents)
      try reader.check("num_layers", is: streams)
    }
    let encoders = try tensors.layers("encoder.weight", shape)
    let decoders = try tensors.layers("decoder.weight", [streams, latents, width])
    let biases = try tensors.matrix("decoder.bias", [streams, width])
    let norms = try codeNorms(tensors, decoders, directory, names)
    var thresholds = [Float](repeating: 0, count: latents)
    if tensors.contains("threshold") {
      // Below 0 it was never estimated: the library then keeps every positive latent.
      let threshold = max(0, try tensors.number("threshold"))
      thresholds = norms.map { $0 > 0 ? threshold / $0 : .infinity }
    }
    let group = Crosscoder.Group(
      encoders: encoders.enumerated().map { ($0, Matrix($1.transposed)) },
      bias: try tensors.vector("encoder.bias", latents), selection: .above(thresholds),
      decoders: decoders.enumerated().map {
        Crosscoder.Decoder(site: $0, matrix: $1, shift: nil)
      })
    var crosscoder = Crosscoder(
      [group],
      biases: (0..<streams).map { Array(biases.array[$0 * width..<($0 + 1) * width]) },
      inputs: streams)
    try normalize(&crosscoder, tensors, width)
    return crosscoder
  }

  /// The norms that latents are multiplied by for the threshold.
  private static func codeNorms(
    _ tensors: NamedTensors, _ decoders: [Matrix], _ directory: String, _ names: [String]
  ) throws(FileError) -> [Float] {
    let kind =
      tensors.contains("code_normalization_id") ? try tensors.integer("code_normalization_id") : 1
    let rows = decoders.map { $0.rowNorms() }
    let latents = decoders.first?.rows ?? 0
    let sums = (0..<latents).map { latent in rows.reduce(0) { $0 + $1[latent] } }
    let roots = (0..<latents).map { latent in
      rows.reduce(0) { $0 + $1[latent] * $1[latent] }.squareRoot()
    }
    switch kind {
    case 1: return sums
    case 2: return roots
    case 3:
      let object =
        names.contains("config.json")
        ? try JSONValue.read("\(directory)/config.json").asObject : nil
      let alone = Float(object?["code_normalization_alpha_sae"]?.asDouble ?? 1)
      let joint = Float(object?["code_normalization_alpha_cc"]?.asDouble ?? 0.1)
      return zip(sums, roots).map { joint * $0 + alone * $1 }
    case 4: return [Float](repeating: 1, count: latents)
    default:
      throw .invalidSetting(
        file: tensors.path, setting: "code_normalization_id",
        expected: "1 to 4 (CROSSCODER, SAE, MIXED, NONE); 5, DECOUPLED, is not run",
        found: "\(kind)")
    }
  }

  /// Activations' means and their common scale; NaN everywhere stands for none.
  private static func normalize(
    _ crosscoder: inout Crosscoder, _ tensors: NamedTensors, _ width: Int
  ) throws(FileError) {
    guard tensors.contains("activation_mean"), tensors.contains("activation_std") else { return }
    let streams = crosscoder.inputs.count
    let mean = try tensors.tensor("activation_mean").floats()
    let deviation = try tensors.tensor("activation_std").floats()
    let unknown = (mean + deviation).count { $0.isNaN }
    if unknown == mean.count + deviation.count { return }
    for name in ["activation_mean", "activation_std"] {
      _ = try tensors.matrix(name, [streams, width])
    }
    let scale = try tensors.number("activation_global_scale")
    for stream in 0..<streams {
      let part = Array(mean[stream * width..<(stream + 1) * width])
      crosscoder.inputs[stream] = Crosscoder.Affine(mean: part, factor: scale)
      crosscoder.outputs[stream] = Crosscoder.Affine(mean: part, factor: 1 / (scale + 1e-8))
    }
  }
}

/// Kissane's crosscoders of two models: `cfg.json` and `cc_weights.pt`; ReLU. Activations are to be
/// multiplied by √width / their mean norm, each model's by its own, which no file holds.
enum ModelDiffCrosscoder: CrosscoderLayout {
  private static let weightsName = "cc_weights.pt"

  static func isOne(_ names: [String], in directory: String) -> Bool { names.contains(weightsName) }

  static func read(_ directory: String, _ names: [String]) throws(FileError) -> Crosscoder {
    let tensors = NamedTensors(try TorchFile("\(directory)/\(weightsName)"))
    let encoder = try tensors.tensor("W_enc")
    guard encoder.shape.count == 3 else {
      throw .wrongShape(
        file: encoder.file, tensor: "W_enc", expected: "three axes", found: encoder.shape)
    }
    let (models, width, latents) = (encoder.shape[0], encoder.shape[1], encoder.shape[2])
    let encoders = try tensors.layers("W_enc", encoder.shape)
    let decoders = try tensors.slices("W_dec", [latents, models, width])
    let biases = try tensors.matrix("b_dec", [models, width])
    let group = Crosscoder.Group(
      encoders: encoders.enumerated().map { ($0, Matrix($1.transposed)) },
      bias: try tensors.vector("b_enc", latents),
      selection: .above([Float](repeating: 0, count: latents)),
      decoders: decoders.enumerated().map {
        Crosscoder.Decoder(site: $0, matrix: $1, shift: nil)
      })
    var crosscoder = Crosscoder(
      [group],
      biases: (0..<models).map { Array(biases.array[$0 * width..<($0 + 1) * width]) },
      inputs: models)
    guard names.contains("cfg.json") else { return crosscoder }
    var reader = try SettingsReader("\(directory)/cfg.json")
    try reader.check("d_in", is: width)
    try reader.check("dict_size", is: latents)
    crosscoder.model = try reader.string("model_name")
    if let hook = try reader.string("hook_point") {
      crosscoder.hooks = (
        [String](repeating: hook, count: models), [String](repeating: hook, count: models)
      )
    }
    return crosscoder
  }
}
