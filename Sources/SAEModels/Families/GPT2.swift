import SAECore

extension ModelFamily {
  /// GPT-2: learned positions, layer norms, and matrices stored with a row per input.
  ///
  /// Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3.
  static let gpt2 = ModelFamily(
    architectures: ["GPT2LMHeadModel"],
    architecture: { fields, name throws(ModelError) in
      let width = try fields.integer("n_embd", in: ConfigurationFields.sizes, default: 768)
      let heads = try fields.integer("n_head", in: 1...4096, default: 12)
      guard width % heads == 0 else { throw fields.invalid("n_head", "a divisor of \(width)") }
      let sizes = ConfigurationFields.DecoderSizes(
        vocabulary: try fields.integer("vocab_size", in: ConfigurationFields.sizes),
        width: width,
        hidden: fields["n_inner"] ?? .null == .null
          ? 4 * width : try fields.integer("n_inner", in: ConfigurationFields.sizes),
        layers: try fields.integer("n_layer", in: 1...4096, default: 12), queryHeads: heads,
        keyValueHeads: heads, headDimension: width / heads,
        context: try fields.integer("n_positions", in: ConfigurationFields.sizes, default: 1024))
      let isScaled = try fields.flag("scale_attn_weights", default: true)
      let byLayer = try fields.flag("scale_attn_by_inverse_layer_idx", default: false)
      let norm = Normalization(
        kind: .layerNorm, epsilon: try fields.positive("layer_norm_epsilon", default: 1e-5))
      let feedForward = FeedForwardArchitecture(
        hiddenWidth: sizes.hidden,
        activation: try fields.activation(["activation_function"], default: .tanhGELU),
        isGated: false, hasBias: true)
      let layers = (0..<sizes.layers).map { layer in
        let scale = isScaled ? 1 / Double(sizes.headDimension).squareRoot() : 1
        var attention = AttentionArchitecture(
          sizes, scale: byLayer ? scale / Double(layer + 1) : scale, rotary: nil)
        attention.hasInputBias = true
        attention.hasOutputBias = true
        return LayerArchitecture(attention: attention, feedForward: feedForward, norm: norm)
      }
      var model = try fields.decoder(
        name, sizes, layers, norm: norm, isTied: true, beginning: 50_256)
      model.hasLearnedPositions = true
      return model
    },
    tensors: TensorNames(
      roots: ["transformer.", ""], embedding: "wte", positions: "wpe", finalNorm: "ln_f",
      layers: "h",
      layer: LayerNames(
        attentionNorm: "ln_1", heads: .stacked("attn.c_attn"), attentionOutput: "attn.c_proj",
        feedForwardNorm: "ln_2", up: "mlp.c_fc", down: "mlp.c_proj", isTransposed: true),
      unneeded: [".attn.bias", ".attn.masked_bias"]))
}
