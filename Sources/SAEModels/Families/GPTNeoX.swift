import SAECore

extension ModelFamily {
  /// GPT-NeoX, the family of Pythia: parts in parallel, a part of each head turned by its position.
  ///
  /// Source: Black et al. 2022, arXiv 2204.06745, section 2.
  static let gptNeoX = ModelFamily(
    architectures: ["GPTNeoXForCausalLM"],
    architecture: { fields, name throws(ModelError) in
      let sizes = try fields.decoderSizes(sharesHeads: false, context: 2048)
      // Heads are the width's parts, whatever other fields say.
      guard sizes.keyValueHeads == sizes.queryHeads,
        sizes.headDimension * sizes.queryHeads == sizes.width
      else { throw fields.unsupported("num_key_value_heads", "as many as query heads") }
      let norm = Normalization(
        kind: .layerNorm, epsilon: try fields.positive("layer_norm_eps", default: 1e-5))
      var attention = AttentionArchitecture(
        sizes, scale: 1 / Double(sizes.headDimension).squareRoot(),
        rotary: try fields.rotary(
          headDimension: sizes.headDimension, bases: ["rope_theta", "rotary_emb_base"],
          share: 0.25))
      attention.hasInputBias = try fields.flag("attention_bias", default: true)
      attention.hasOutputBias = attention.hasInputBias
      let layer = LayerArchitecture(
        attention: attention,
        feedForward: FeedForwardArchitecture(
          hiddenWidth: sizes.hidden,
          activation: try fields.activation(["hidden_act"], default: .exactGELU), isGated: false,
          hasBias: true),
        norm: norm, isParallel: try fields.flag("use_parallel_residual", default: true))
      return try fields.decoder(
        name, sizes, [LayerArchitecture](repeating: layer, count: sizes.layers), norm: norm,
        isTied: false, beginning: 0)
    },
    tensors: TensorNames(
      roots: ["gpt_neox."], embedding: "embed_in", finalNorm: "final_layer_norm",
      unembeddings: ["embed_out", "lm_head"],
      layer: LayerNames(
        heads: .byHead("attention.query_key_value"), attentionOutput: "attention.dense",
        up: "mlp.dense_h_to_4h", down: "mlp.dense_4h_to_h"),
      unneeded: [".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"]))
}
