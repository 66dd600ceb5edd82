import SAECore

/// The fields that most families share, by the names that Hugging Face's library gives them.
extension ConfigurationFields {
  /// Bounds that keep every product of two sizes far from overflowing.
  static let sizes = 1...1 << 24

  /// Sizes of a decoder with grouped heads.
  struct DecoderSizes {
    var vocabulary: Int
    var width: Int
    var hidden: Int
    var layers: Int
    var queryHeads: Int
    var keyValueHeads: Int
    var headDimension: Int
    var context: Int
  }

  /// - Parameters:
  ///   - queryHeads: the number where the field is missing; nil: it is needed.
  ///   - keyValueHeads: the number where the field is missing; nil: it is needed.
  ///   - sharesHeads: whether it may be missing; if not, there are as many as query heads.
  ///   - headDimension: the number where the field is missing; nil: width / query heads.
  func decoderSizes(
    vocabulary: Int? = nil, width defaultWidth: Int? = nil, hidden: Int? = nil, layers: Int? = nil,
    queryHeads defaultHeads: Int? = nil, keyValueHeads: Int? = nil, sharesHeads: Bool = true,
    headDimension: Int? = nil, context: Int
  ) throws(ModelError) -> DecoderSizes {
    let width = try integer("hidden_size", in: Self.sizes, default: defaultWidth)
    let heads = try integer("num_attention_heads", in: 1...4096, default: defaultHeads)
    let shared: Int =
      self["num_key_value_heads"] == .null
      ? heads
      : try integer(
        "num_key_value_heads", in: 1...4096, default: keyValueHeads ?? (sharesHeads ? nil : heads))
    guard heads % shared == 0 else {
      throw invalid("num_key_value_heads", "a divisor of \(heads) query heads")
    }
    return DecoderSizes(
      vocabulary: try integer("vocab_size", in: Self.sizes, default: vocabulary), width: width,
      hidden: try integer("intermediate_size", in: Self.sizes, default: hidden),
      layers: try integer("num_hidden_layers", in: 1...4096, default: layers), queryHeads: heads,
      keyValueHeads: shared, headDimension: try self.headDimension(headDimension, width, heads),
      context: try integer("max_position_embeddings", in: Self.sizes, default: context))
  }

  private func headDimension(
    _ standard: Int?, _ width: Int, _ heads: Int
  ) throws(ModelError) -> Int {
    if standard == nil, self["head_dim"] ?? .null == .null {
      guard width % heads == 0, width / heads % 2 == 0 else {
        throw invalid("num_attention_heads", "a number that cuts \(width) into even parts")
      }
      return width / heads
    }
    let dimension = try integer("head_dim", in: 2...1 << 16, default: standard)
    guard dimension % 2 == 0 else { throw invalid("head_dim", "an even number") }
    return dimension
  }

  /// The window of each layer, nil for one without: those that `layer_types` calls `sliding_attention` have
  /// `sliding_window`.
  ///
  /// - Parameters:
  ///   - window: where the field is missing; nil: none.
  ///   - isSliding: whether a layer slides where there are no `layer_types`.
  func windows(
    layers: Int, window standard: Int?, _ isSliding: (_ layer: Int) throws(ModelError) -> Bool
  ) throws(ModelError) -> [Int?] {
    var types = try strings("layer_types") ?? []
    if self["layer_types"] ?? .null == .null {
      for layer in 0..<layers {
        types.append(try isSliding(layer) ? "sliding_attention" : "full_attention")
      }
    }
    guard types.count == layers else { throw invalid("layer_types", "\(layers) names") }
    let field = "sliding_window"
    let isNull = self[field] == .null || self[field] == nil && standard == nil
    let window = isNull ? nil : try integer(field, in: 1...1 << 24, default: standard)
    var windows: [Int?] = []
    for type in types {
      switch type {
      case "sliding_attention": windows.append(window)
      case "full_attention": windows.append(nil)
      default: throw unsupported("layer_types", "sliding_attention or full_attention")
      }
    }
    return windows
  }

  /// The function of an MLP.
  ///
  /// - Parameters:
  ///   - names: of fields; the first that is there and not null counts.
  ///   - standard: where none is.
  func activation(
    _ names: [String], default standard: FeedForwardActivation
  ) throws(ModelError) -> FeedForwardActivation {
    guard let field = names.first(where: { self[$0] ?? .null != .null }) else { return standard }
    let known: [String: FeedForwardActivation] = [
      "gelu_pytorch_tanh": .tanhGELU, "gelu_new": .tanhGELU, "gelu_fast": .tanhGELU,
      "gelu": .exactGELU, "silu": .siLU, "swish": .siLU, "relu": .reLU,
    ]
    guard let name = self[field]?.asString, let activation = known[name] else {
      throw unsupported(field, known.keys.sorted().joined(separator: ", "))
    }
    return activation
  }

  /// A token's id; nil where the field is null, or missing and the default is not in the vocabulary.
  func token(
    _ field: String, vocabulary: Int, default standard: Int?
  ) throws(ModelError) -> UInt32? {
    guard let value = self[field] else {
      return standard.flatMap { $0 < vocabulary ? UInt32($0) : nil }
    }
    if value == .null { return nil }
    return UInt32(try integer(field, in: 0...vocabulary - 1))
  }

  /// The ids of `eos_token_id`: one or a list.
  func endOfSequence(vocabulary: Int) throws(ModelError) -> Set<UInt32> {
    let field = "eos_token_id"
    guard case .array(let elements) = self[field] else {
      return Set([try token(field, vocabulary: vocabulary, default: nil)].compactMap { $0 })
    }
    var ids: Set<UInt32> = []
    for element in elements {
      guard let id = element.asInteger, (0..<vocabulary).contains(id) else {
        throw invalid(field, "ids below \(vocabulary)")
      }
      ids.insert(UInt32(id))
    }
    return ids
  }

  /// Refuses settings of every family that change the result and are not implemented.
  func refuseUnsupported() throws(ModelError) {
    try require("quantization_config", .null)
    try require("use_bidirectional_attention", .bool(false))
    try require("add_cross_attention", .bool(false))
    try require("is_encoder_decoder", .bool(false))
    for field in ["num_experts", "num_local_experts", "n_routed_experts", "kv_lora_rank"] {
      guard let value = self[field], value != .null, value.asInteger != 0 else { continue }
      throw unsupported(field, "a model without experts or compressed keys")
    }
  }

  /// A truth value.
  func flag(_ field: String, default standard: Bool) throws(ModelError) -> Bool {
    guard let value = self[field], value != .null else { return standard }
    guard let flag = value.asBool else { throw invalid(field, "true or false") }
    return flag
  }
}
