/// circuit-tracer's cross-layer transcoders: `W_enc_{i}.safetensors` and `W_dec_{i}.safetensors` for each
/// layer, with `config.yaml`; ReLU, or JumpReLU if there are thresholds.
///
/// Source: safety-research/circuit-tracer, `transcoder/cross_layer_transcoder.py`.
enum CircuitTracerCLT: CrosscoderLayout {
  static func isOne(_ names: [String], in directory: String) -> Bool {
    names.contains { LayerFiles.number($0, "W_enc_") != nil }
  }

  static func read(_ directory: String, _ names: [String]) throws(FileError) -> Crosscoder {
    let layers = try LayerFiles.count(names, "W_enc_", in: directory)
    var groups: [Crosscoder.Group] = []
    var biases: [[Float]] = []
    var allHaveThresholds: Bool?
    for layer in 0..<layers {
      let encoders = try NamedTensors(directory, "W_enc_\(layer).safetensors")
      let decoders = try NamedTensors(directory, "W_dec_\(layer).safetensors")
      let shape = try encoders.matrix(oneOf: ["W_enc_\(layer)"]).shape
      let (latents, width) = (
        groups.first?.latentCount ?? shape[0], biases.first?.count ?? shape[1]
      )
      let targets = try decoders.slices("W_dec_\(layer)", [latents, layers - layer, width])
      let hasThresholds = encoders.contains("threshold_\(layer)")
      let thresholds =
        hasThresholds
        ? try encoders.vector("threshold_\(layer)", latents)
        : [Float](repeating: 0, count: latents)
      if hasThresholds != (allHaveThresholds ?? hasThresholds) {
        throw .noSuchTensor(
          file: encoders.path, tensor: "threshold_\(layer)", present: encoders.names)
      }
      allHaveThresholds = hasThresholds
      groups.append(
        Crosscoder.Group(
          encoders: [(layer, try encoders.matrix("W_enc_\(layer)", [latents, width]))],
          bias: try encoders.vector("b_enc_\(layer)", latents),
          selection: .above(thresholds.map { max($0, 0) }),
          decoders: targets.enumerated().map { offset, matrix in
            Crosscoder.Decoder(site: layer + offset, matrix: matrix, shift: nil)
          }))
      biases.append(try encoders.vector("b_dec_\(layer)", width))
    }
    var crosscoder = Crosscoder(groups, biases: biases, inputs: layers)
    try describe(&crosscoder, directory, names)
    return crosscoder
  }

  private static func describe(
    _ crosscoder: inout Crosscoder, _ directory: String, _ names: [String]
  ) throws(FileError) {
    guard names.contains("config.yaml") else { return }
    let path = "\(directory)/config.yaml"
    let object = try YAMLReader.read(path).asObject ?? JSONObject()
    if let kind = object["model_kind"], kind != .string("cross_layer_transcoder") {
      throw .invalidSetting(
        file: path, setting: "model_kind", expected: "cross_layer_transcoder", found: "\(kind)")
    }
    crosscoder.model = object["model_name"]?.asString
    func hooks(_ name: String) -> [String] {
      guard let hook = object[name]?.asString else { return [] }
      return crosscoder.groups.indices.map { "blocks.\($0).\(hook)" }
    }
    crosscoder.hooks = (hooks("feature_input_hook"), hooks("feature_output_hook"))
  }
}
