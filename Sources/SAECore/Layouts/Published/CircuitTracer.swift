/// circuit-tracer's transcoders: `layer_{i}.safetensors` for each layer of a set, with `config.yaml`.
///
/// Source: safety-research/circuit-tracer, `transcoder/single_layer_transcoder.py`.
enum CircuitTracer: PublishedLayout {
  static let layout = SAELayout.circuitTracer
  private static let configurationName = "config.yaml"
  private static let thresholds = "activation_function.threshold"

  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool {
    guard case .safetensors(let file) = weights, layer(place.name) != nil else { return false }
    let shapes = ["W_enc", "W_dec"].map { name in file.tensors.first { $0.name == name }?.shape }
    return shapes[0] != nil && shapes[0] == shapes[1]
  }

  private static func layer(_ name: String) -> Int? { LayerFiles.number(name, "layer_") }

  static func read(
    _ tensors: NamedTensors, at place: WeightsPlace
  ) throws(FileError) -> SAEFiles {
    let encoder = try tensors.matrix(oneOf: ["W_enc"])
    let (latents, width) = (encoder.shape[0], encoder.shape[1])
    let settings = try configuration(place)
    let activation = try activation(settings, tensors)
    var outline = SAEArchive(
      SAEArchitecture(
        activation, isTranscoder: true, hasSkipConnection: tensors.contains("W_skip")),
      inputDimension: width, outputDimension: width, latentCount: latents)
    outline.type = encoder.type
    outline.subtractsDecoderBias = false
    outline.metadata["model_name"] = settings?.rest["model_name"]
    if let layer = layer(place.name) {
      for (name, key) in [("hook_name", "input"), ("hook_name_out", "output")] {
        guard let hook = settings?.rest["feature_\(key)_hook"]?.asString else { continue }
        outline.metadata[name] = .string("blocks.\(layer).\(hook)")
      }
    }
    // Its selection has no ReLU, before or after.
    if activation == .topK {
      outline.settings["k"] = try k(settings, tensors)
      outline.settings[SAEArchive.rescaling] = .bool(false)
      outline.settings[SAEArchive.keepsNegative] = .bool(true)
      _ = try outline.checkedK(tensors.path)
    }
    var files = SAEFiles(layout, outline)
    try files.take("W_enc", encoder, stored: [latents, width])
    try files.take("W_dec", try tensors.tensor("W_dec"), stored: [latents, width])
    try files.take("b_enc", try tensors.tensor("b_enc"), stored: [latents])
    try files.take("b_dec", try tensors.tensor("b_dec"), stored: [width])
    if activation == .jumpReLU {
      try files.take(
        SAEArchive.threshold, try tensors.tensor(thresholds), stored: [latents])
    }
    if outline.architecture.hasSkipConnection {
      try files.take("W_skip", try tensors.tensor("W_skip"), stored: [width, width])
    }
    return files
  }

  private static func configuration(_ place: WeightsPlace) throws(FileError) -> SettingsReader? {
    guard let path = place.beside(configurationName) else { return nil }
    guard let object = try YAMLReader.read(path).asObject else {
      throw .malformed(file: path, offset: 0, expected: "a map", found: "another value")
    }
    let reader = SettingsReader(object, file: path)
    if let kind = object["model_kind"], kind != .string("transcoder_set") {
      throw reader.invalid("model_kind", "transcoder_set beside layers", kind)
    }
    return reader
  }

  private static func activation(
    _ settings: SettingsReader?, _ tensors: NamedTensors
  ) throws(FileError) -> SAEArchitecture.Activation {
    let plain: SAEArchitecture.Activation = tensors.contains(thresholds) ? .jumpReLU : .relu
    guard let settings, let name = settings.rest["activation"], name != .null else { return plain }
    switch name {
    case .string("relu"): return .relu
    case .string("jumprelu"): return .jumpReLU
    case .string("topk"): return .topK
    default: throw settings.invalid("activation", "relu, jumprelu or topk", name)
    }
  }

  /// The configuration's k, else the file's.
  private static func k(
    _ settings: SettingsReader?, _ tensors: NamedTensors
  ) throws(FileError) -> JSONValue {
    if let k = settings?.rest["k"], k != .null { return k }
    guard tensors.contains("k") else {
      throw .invalidSetting(
        file: settings?.file ?? tensors.path, setting: "k",
        expected: "a whole number above 0 for the activation topk, here or in the weights",
        found: "none")
    }
    return .integer(try tensors.integer("k"))
  }

  /// Throws unless a set has every layer from 0 on, of one size, and a configuration that is read.
  static func checkSet(_ directory: String, _ names: [String]) throws(FileError) {
    let settings = try configuration(WeightsPlace(directory: directory, name: ""))
    var shape: [Int]?
    for layer in 0..<(try LayerFiles.count(names, "layer_", in: directory)) {
      let file = try SafetensorsFile("\(directory)/layer_\(layer).safetensors")
      let found = try file.tensor("W_enc").shape
      guard found == shape ?? found else {
        throw .wrongShape(
          file: file.path, tensor: "W_enc",
          expected: "\(TensorShape.describe(shape ?? [])), as in layer_0.safetensors", found: found)
      }
      shape = found
      if try activation(settings, NamedTensors(file)) == .topK {
        _ = try k(settings, NamedTensors(file))
      }
    }
  }
}
