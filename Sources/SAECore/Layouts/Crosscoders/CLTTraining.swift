/// clt-training, a fork of sparsify: `config.json` of a run, and for each of its hook points a folder with
/// `cfg.json` and `sae.safetensors`; TopK after a ReLU.
///
///     u_i = x_i √width / in_norm_i      z_i = TopK(max(W_enc,i u_i + b_enc,i, 0))
///     part_it = W_dec,itᵀ (z_i + p_it where z_i > 0) s_it + b_it + W_skip,it u_i
///     ŷ_l = (part_l0 + Σ_{i<l} part_i,l−i / c) out_norm_l / √width
enum CLTTraining: CrosscoderLayout {
  static func isOne(_ names: [String], in directory: String) -> Bool {
    guard names.contains("config.json"),
      let object = try? JSONValue.read("\(directory)/config.json").asObject
    else { return false }
    return object["hookpoints"] != nil && object["sae"]?.asObject?["n_targets"] != nil
  }

  static func read(_ directory: String, _ names: [String]) throws(FileError) -> Crosscoder {
    let run = try SettingsReader("\(directory)/config.json")
    guard case .array(let values)? = run.rest["hookpoints"] else {
      throw run.missing("hookpoints", "a list of names")
    }
    let points = values.compactMap(\.asString)
    guard !points.isEmpty, points.allSatisfy({ !$0.contains("/") && $0 != ".." }) else {
      throw run.invalid("hookpoints", "names of folders", run.rest["hookpoints"] ?? .null)
    }
    let layers = points.count
    var groups: [Crosscoder.Group] = []
    var biases = [[Float]](repeating: [], count: layers)
    var skips: [Crosscoder.Skip] = []
    var (inputs, outputs) = ([Crosscoder.Affine](), [Crosscoder.Affine]())
    for (layer, point) in points.enumerated() {
      let part = try LayerPart("\(directory)/\(point)", layer, of: layers)
      groups.append(part.group)
      inputs.append(part.input)
      outputs.append(part.output)
      skips += part.skips
      for (target, bias) in part.biases {
        if biases[target].isEmpty { biases[target] = [Float](repeating: 0, count: bias.count) }
        biases[target] = zip(biases[target], bias).map { $0 + $1 }
      }
    }
    var crosscoder = Crosscoder(groups, biases: biases, inputs: layers)
    crosscoder.skips = skips
    crosscoder.inputs = inputs
    crosscoder.outputs = outputs
    crosscoder.hooks = (points.map { "\($0).input" }, points)
    crosscoder.model = run.rest["model"]?.asString
    return crosscoder
  }

  /// What a source layer reads and writes.
  private struct LayerPart {
    var group: Crosscoder.Group
    var biases: [(target: Int, bias: [Float])] = []
    var skips: [Crosscoder.Skip] = []
    var input = Crosscoder.Affine.identity
    var output = Crosscoder.Affine.identity

    init(_ folder: String, _ layer: Int, of layers: Int) throws(FileError) {
      var reader = try SettingsReader("\(folder)/cfg.json")
      try LayerPart.checkIsRead(&reader)
      let tensors = try NamedTensors(folder, "sae.safetensors")
      let shape = try tensors.matrix(oneOf: ["encoder.weight"]).shape
      let (latents, width) = (shape[0], shape[1])
      try reader.check("d_in", is: width)
      try reader.check("n_targets", is: layers - layer)
      let k = try reader.positiveInteger("k")
      guard k <= latents else { throw reader.invalid("k", "at most \(latents)", .integer(k)) }
      group = Crosscoder.Group(
        encoders: [(layer, try tensors.matrix("encoder.weight", shape))],
        bias: try tensors.vector("encoder.bias", latents), selection: .largest(k, scale: nil),
        decoders: [])
      let divides = try reader.bool("divide_cross_layer") ?? false
      for offset in 0..<layers - layer {
        let target = layer + offset
        let share = offset > 0 && divides ? 1 / Float(target) : 1
        var matrix = try tensors.matrix("W_decs.\(offset)", [latents, width])
        if tensors.contains("post_enc_scales.\(offset)") {
          matrix.multiplyRows(by: try tensors.vector("post_enc_scales.\(offset)", latents))
        }
        if share != 1 { matrix.scale(by: share) }
        let shift =
          tensors.contains("post_encs.\(offset)")
          ? try tensors.vector("post_encs.\(offset)", latents) : nil
        group.decoders.append(Crosscoder.Decoder(site: target, matrix: matrix, shift: shift))
        biases.append((target, try tensors.vector("b_decs.\(offset)", width).map { $0 * share }))
        if tensors.contains("W_skips.\(offset)") {
          var map = try tensors.matrix("W_skips.\(offset)", [width, width])
          if share != 1 { map.scale(by: share) }
          skips.append(Crosscoder.Skip(from: layer, to: target, matrix: map))
        }
      }
      guard try reader.bool("normalize_io") ?? false else { return }
      let root = Float(width).squareRoot()
      for name in ["in_norm", "out_norm"] where try tensors.number(name) <= 0 {
        throw .invalidSetting(
          file: tensors.path, setting: name, expected: "a number above 0",
          found: "\(try tensors.number(name))")
      }
      input.factor = root / (try tensors.number("in_norm"))
      output.factor = try tensors.number("out_norm") / root
    }

    /// Throws if it computes something else.
    private static func checkIsRead(_ reader: inout SettingsReader) throws(FileError) {
      for (name, expected) in [("activation", "topk"), ("coalesce_topk", "none")] {
        if let value = try reader.string(name), value != expected {
          throw reader.invalid(name, "\(expected): others are not run", .string(value))
        }
      }
      for name in ["per_source_tied", "secondary_target_tied", "topk_coalesced"]
      where try reader.bool(name) ?? false {
        throw reader.invalid(name, "false: others are not run", .bool(true))
      }
    }
  }
}
