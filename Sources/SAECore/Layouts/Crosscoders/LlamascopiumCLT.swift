/// Llamascopium 2's cross-layer transcoders: `config.json` with `sae_type: clt`, and
/// `sae_weights.safetensors`, whose decoders are stored by target layer.
enum LlamascopiumCLT: CrosscoderLayout {
  private static let weightsName = "sae_weights.safetensors"
  private static let thresholds = "activation_function.log_jumprelu_threshold"
  private static let norm = "dataset_average_activation_norm"

  static func isOne(_ names: [String], in directory: String) -> Bool {
    guard names.contains(weightsName), names.contains("config.json"),
      let object = try? JSONValue.read("\(directory)/config.json").asObject
    else { return false }
    return object["sae_type"]?.asString == "clt"
  }

  static func read(_ directory: String, _ names: [String]) throws(FileError) -> Crosscoder {
    var reader = try SettingsReader("\(directory)/config.json")
    let tensors = try NamedTensors(directory, weightsName)
    let encoder = try tensors.tensor("W_E")
    guard encoder.shape.count == 3 else {
      throw .wrongShape(
        file: encoder.file, tensor: "W_E", expected: "three axes", found: encoder.shape)
    }
    let (layers, width, latents) = (encoder.shape[0], encoder.shape[1], encoder.shape[2])
    try reader.check("d_model", is: width)
    let encoders = try tensors.layers("W_E", [layers, width, latents])
    let biases = try tensors.matrix("b_E", [layers, latents])
    var decoders = [[Crosscoder.Decoder]](repeating: [], count: layers)
    var outputs: [[Float]] = []
    for target in 0..<layers {
      for (source, matrix) in try tensors.layers("W_D.\(target)", [target + 1, latents, width])
        .enumerated()
      {
        decoders[source].append(Crosscoder.Decoder(site: target, matrix: matrix, shift: nil))
      }
      outputs.append(try tensors.vector("b_D.\(target)", width))
    }
    let isByNorm = try reader.bool("sparsity_include_decoder_norm") ?? true
    let selections = try selections(&reader, tensors, decoders, isByNorm: isByNorm)
    let groups = (0..<layers).map { layer in
      Crosscoder.Group(
        encoders: [(layer, Matrix(encoders[layer].transposed))],
        bias: Array(biases.array[layer * latents..<(layer + 1) * latents]),
        selection: selections[layer], decoders: decoders[layer])
    }
    var crosscoder = Crosscoder(groups, biases: outputs, inputs: layers)
    crosscoder.hooks = (hooks(reader, "hook_points_in"), hooks(reader, "hook_points_out"))
    try normalize(&crosscoder, &reader, tensors)
    return crosscoder
  }

  private static func hooks(_ reader: SettingsReader, _ name: String) -> [String] {
    guard case .array(let values)? = reader.rest[name] else { return [] }
    return values.compactMap(\.asString)
  }

  /// The norm of a latent's decoders together.
  private static func norms(_ decoders: [Crosscoder.Decoder]) -> [Float] {
    var squares = [Float](repeating: 0, count: decoders.first?.matrix.rows ?? 0)
    for decoder in decoders {
      for (latent, norm) in decoder.matrix.rowNorms().enumerated() {
        squares[latent] += norm * norm
      }
    }
    return squares.map { $0.squareRoot() }
  }

  private static func selections(
    _ reader: inout SettingsReader, _ tensors: NamedTensors, _ decoders: [[Crosscoder.Decoder]],
    isByNorm: Bool
  ) throws(FileError) -> [Crosscoder.Selection] {
    let latents = decoders.first?.first?.matrix.rows ?? 0
    let name = try reader.string("act_fn") ?? "relu"
    switch name {
    case "relu":
      let zeros = [Float](repeating: 0, count: latents)
      return decoders.map { _ in .above(zeros) }
    case "jumprelu":
      let logarithms = try tensors.matrix(thresholds, [decoders.count, latents])
      return decoders.enumerated().map { layer, decoders in
        let row = (0..<latents).map { Float.exponential(of: logarithms[layer, $0]) }
        guard isByNorm else { return .above(row) }
        return .above(zip(row, norms(decoders)).map { $1 > 0 ? $0 / $1 : .infinity })
      }
    case "topk":
      let k = try reader.positiveInteger("top_k")
      guard k <= latents else {
        throw reader.invalid("top_k", "at most \(latents)", .integer(k))
      }
      // A latent whose decoders are zero never competes.
      return decoders.map { decoders in
        .largest(
          k, scale: isByNorm ? norms(decoders).map { max($0, .leastNormalMagnitude) } : nil)
      }
    default:
      throw reader.invalid(
        "act_fn", "relu, jumprelu or topk: other selections depend on the batch or are not run",
        .string(name))
    }
  }

  private static func normalize(
    _ crosscoder: inout Crosscoder, _ reader: inout SettingsReader, _ tensors: NamedTensors
  ) throws(FileError) {
    let name = try reader.string("norm_activation") ?? "dataset-wise"
    if name == "inference" { return }
    guard name == "dataset-wise" else {
      throw reader.invalid("norm_activation", "dataset-wise or inference", .string(name))
    }
    let (inputs, outputs) = crosscoder.hooks
    guard inputs.count == crosscoder.inputs.count, outputs.count == crosscoder.outputs.count else {
      throw reader.missing("hook_points_in and hook_points_out", "a name for each layer")
    }
    for layer in crosscoder.inputs.indices {
      let width = crosscoder.inputDimension
      let input = try tensors.factor(fromNorm: "\(norm).\(inputs[layer])", width: width)
      let output = try tensors.factor(fromNorm: "\(norm).\(outputs[layer])", width: width)
      crosscoder.inputs[layer].factor = Float(input)
      crosscoder.outputs[layer].factor = 1 / Float(output)
    }
  }
}
