import SAECore

/// The weights of one layer, widened to float32, as the products take them.
struct Gemma2Layer: Sendable {
  /// Rows of queries, keys and values: (query heads + 2 · key-value heads) · head dimension × width.
  let queryKeyValue: Matrix
  /// width × query heads · head dimension
  let output: Matrix
  /// Rows of gate and up: 2 · hidden width × width.
  let gateUp: Matrix
  /// width × hidden width
  let down: Matrix
  /// 1 + weight of the four norms.
  let beforeAttention: [Float]
  let afterAttention: [Float]
  let beforeFeedForward: [Float]
  let afterFeedForward: [Float]

  /// The names of a layer's tensors, after the layer's own name.
  static let tensorNames = [
    "self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight",
    "self_attn.o_proj.weight", "mlp.gate_proj.weight", "mlp.up_proj.weight",
    "mlp.down_proj.weight", "input_layernorm.weight", "post_attention_layernorm.weight",
    "pre_feedforward_layernorm.weight", "post_feedforward_layernorm.weight",
  ]

  static func prefix(_ layer: Int) -> String { "model.layers.\(layer)." }

  init(_ layer: Int, _ configuration: Gemma2Configuration, _ weights: ModelWeights) throws {
    let prefix = Gemma2Layer.prefix(layer)
    let width = configuration.width
    let queries = configuration.queryHeads * configuration.headDimension
    let keys = configuration.keyValueHeads * configuration.headDimension
    func norm(_ name: String) throws -> [Float] {
      try weights.vector(prefix + name, count: width).map { 1 + $0 }
    }
    queryKeyValue = try weights.stacked(
      [
        prefix + "self_attn.q_proj.weight": queries, prefix + "self_attn.k_proj.weight": keys,
        prefix + "self_attn.v_proj.weight": keys,
      ], columns: width)
    output = try weights.matrix(prefix + "self_attn.o_proj.weight", rows: width, columns: queries)
    gateUp = try weights.stacked(
      [
        prefix + "mlp.gate_proj.weight": configuration.hiddenWidth,
        prefix + "mlp.up_proj.weight": configuration.hiddenWidth,
      ], columns: width)
    down = try weights.matrix(
      prefix + "mlp.down_proj.weight", rows: width, columns: configuration.hiddenWidth)
    beforeAttention = try norm("input_layernorm.weight")
    afterAttention = try norm("post_attention_layernorm.weight")
    beforeFeedForward = try norm("pre_feedforward_layernorm.weight")
    afterFeedForward = try norm("post_feedforward_layernorm.weight")
  }

  /// Adds the layer's output to the residual stream.
  ///
  /// - Parameter stream: tokens × width.
  func run(
    on stream: inout Matrix, attention: Attention, rotary: RotaryPositions,
    sequences: [Range<Int>], epsilon: Float, work: inout Gemma2Workspace
  ) {
    work.normed.setRMSNorm(of: stream.view, weight: beforeAttention, epsilon: epsilon)
    work.heads.setProduct(work.normed.view, queryKeyValue.transposed)
    // Queries and keys are neighbors in a row.
    work.heads.rotate(
      heads: attention.queryHeads + attention.keyValueHeads, by: rotary, sequences: sequences)
    work.heads.attend(attention, sequences: sequences)
    work.update.setProduct(
      work.heads[rows: 0..<stream.rows, columns: 0..<output.columns], output.transposed)
    stream.addRMSNorm(of: work.update.view, weight: afterAttention, epsilon: epsilon)

    work.normed.setRMSNorm(of: stream.view, weight: beforeFeedForward, epsilon: epsilon)
    for begin in stride(from: 0, to: stream.rows, by: work.hidden.rows) {
      let rows = begin..<min(begin + work.hidden.rows, stream.rows)
      let part = 0..<rows.count
      work.hidden.multiply(
        work.normed[rows: rows], gateUp.transposed, rows: part, columns: 0..<gateUp.rows,
        accumulate: false)
      work.hidden.applyGatedGELU(rows: part)
      work.update.multiply(
        work.hidden[rows: part, columns: 0..<down.columns], down.transposed, rows: rows,
        columns: 0..<down.rows, accumulate: false)
    }
    stream.addRMSNorm(of: work.update.view, weight: afterFeedForward, epsilon: epsilon)
  }
}

/// Buffers that the layers of a run write and read again, one after another.
struct Gemma2Workspace {
  /// tokens × width
  var normed: Matrix
  /// Queries, keys and values of all heads: tokens × columns of the attention.
  var heads: Matrix
  /// tokens × width
  var update: Matrix
  /// Gate and up of some tokens at a time: of all, they would be the largest thing in memory.
  var hidden: Matrix

  /// Elements of `hidden`: 16 MB.
  static let hiddenElements = 1 << 22

  init(tokens: Int, _ configuration: Gemma2Configuration, attentionColumns: Int) {
    normed = Matrix(rows: tokens, columns: configuration.width)
    heads = Matrix(rows: tokens, columns: attentionColumns)
    update = Matrix(rows: tokens, columns: configuration.width)
    let columns = 2 * configuration.hiddenWidth
    let rows = max(256, Gemma2Workspace.hiddenElements / columns)
    hidden = Matrix(rows: min(max(1, tokens), rows), columns: columns)
  }
}
