/// Gemma Scope 2 over several layers: `params_layer_{i}.safetensors` with `config.json`, a CLT or a
/// crosscoder whose layers' latents write to all layers; JumpReLU.
enum GemmaScopeLayers: CrosscoderLayout {
  private static let skip = "affine_skip_connection"

  static func isOne(_ names: [String], in directory: String) -> Bool {
    names.contains { LayerFiles.number($0, "params_layer_") != nil }
  }

  static func read(_ directory: String, _ names: [String]) throws(FileError) -> Crosscoder {
    let layers = try LayerFiles.count(names, "params_layer_", in: directory)
    var groups: [Crosscoder.Group] = []
    var biases: [[Float]] = []
    var skips: [Crosscoder.Skip] = []
    for layer in 0..<layers {
      let tensors = try NamedTensors(directory, "params_layer_\(layer).safetensors")
      let shape = try tensors.matrix(oneOf: ["w_enc"]).shape
      let (width, latents) = (
        biases.first?.count ?? shape[0], groups.first?.latentCount ?? shape[1]
      )
      let encoder = try tensors.matrix("w_enc", [width, latents])
      groups.append(
        Crosscoder.Group(
          encoders: [(layer, Matrix(encoder.transposed))],
          bias: try tensors.vector("b_enc", latents),
          selection: .above(try tensors.vector("threshold", latents).map { max($0, 0) }),
          decoders: try tensors.slices("w_dec", [latents, layers, width]).enumerated().map {
            Crosscoder.Decoder(site: $0, matrix: $1, shift: nil)
          }))
      biases.append(try tensors.vector("b_dec", width))
      if tensors.contains(skip) {
        // Input × output in the file.
        let map = try tensors.matrix(skip, [width, width])
        skips.append(Crosscoder.Skip(from: layer, to: layer, matrix: Matrix(map.transposed)))
      }
    }
    var crosscoder = Crosscoder(groups, biases: biases, inputs: layers)
    crosscoder.skips = skips
    guard names.contains("config.json") else { return crosscoder }
    var reader = try SettingsReader("\(directory)/config.json")
    if let name = try reader.string("architecture"), name != "jump_relu" {
      throw reader.invalid("architecture", "jump_relu", .string(name))
    }
    if let type = try reader.string("type"), type != "clt", type != "crosscoder" {
      throw reader.invalid("type", "clt or crosscoder", .string(type))
    }
    try reader.check("width", is: crosscoder.latentCount)
    crosscoder.model = try reader.string("model_name")
    return crosscoder
  }
}
