/// What the tensors of a family are called.
struct TensorNames: Sendable {
  /// What may stand before all names but the unembedding's; the first with an embedding counts.
  var roots: [String] = ["model."]
  var embedding = "embed_tokens"
  var positions: String?
  var finalNorm = "norm"
  /// What the unembedding may be called.
  var unembeddings = ["lm_head"]
  /// Before the number of a layer.
  var layers = "layers"
  var layer = LayerNames()
  /// Endings of tensors that follow from the configuration and are not needed, stored by old writers.
  var unneeded = [".rotary_emb.inv_freq"]
  /// Beginnings of tensors of other parts of a model than the text's.
  var otherParts: [String] = []
}

/// What the tensors of a layer are called, after the layer's own name and without `.weight` and `.bias`.
struct LayerNames: Sendable {
  /// How queries, keys and values are stored.
  enum Heads: Sendable {
    /// A matrix each.
    case separate(query: String, key: String, value: String)
    /// One matrix: all queries, all keys, all values.
    case stacked(String)
    /// One matrix: query, key and value of the first head, then those of the second.
    case byHead(String)

    var names: [String] {
      switch self {
      case .separate(let query, let key, let value): [query, key, value]
      case .stacked(let name), .byHead(let name): [name]
      }
    }
  }

  var attentionNorm = "input_layernorm"
  var heads = Heads.separate(
    query: "self_attn.q_proj", key: "self_attn.k_proj", value: "self_attn.v_proj")
  var queryNorm = "self_attn.q_norm"
  var keyNorm = "self_attn.k_norm"
  var attentionOutput = "self_attn.o_proj"
  /// The norm of what attention adds to the stream, where there is one.
  var attentionOutputNorm = "post_attention_layernorm"
  var feedForwardNorm = "post_attention_layernorm"
  var gate = "mlp.gate_proj"
  var up = "mlp.up_proj"
  var down = "mlp.down_proj"
  /// The norm of what the MLP adds to the stream, where there is one.
  var feedForwardOutputNorm = "post_feedforward_layernorm"
  /// Whether matrices are stored with a row per input instead of per output.
  var isTransposed = false

  /// The names of the tensors that a layer has.
  func tensors(_ layer: LayerArchitecture) -> [String] {
    var norms = [attentionNorm, feedForwardNorm]
    if layer.normalizesOutputs { norms += [attentionOutputNorm, feedForwardOutputNorm] }
    var names = norms.map { $0 + ".weight" }
    if layer.norm.kind == .layerNorm { names += norms.map { $0 + ".bias" } }
    if layer.attention.normalizesHeads { names += [queryNorm + ".weight", keyNorm + ".weight"] }
    func add(_ matrices: [String], _ hasBias: Bool) {
      names += matrices.map { $0 + ".weight" }
      if hasBias { names += matrices.map { $0 + ".bias" } }
    }
    add(heads.names, layer.attention.hasInputBias)
    add([attentionOutput], layer.attention.hasOutputBias)
    add(
      (layer.feedForward.isGated ? [gate] : []) + [up, down], layer.feedForward.hasBias)
    return names
  }
}
