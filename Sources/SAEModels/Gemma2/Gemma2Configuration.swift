import SAECore

/// The sizes and constants of a Gemma-2 model, from its `config.json`.
///
/// A field that Hugging Face's library gives a default may be missing. The arithmetic is float32
/// whatever `dtype` says. A setting that changes the result and is not implemented is refused by name:
/// biases of attention, untied embeddings, scaled rotary positions, bidirectional attention, another
/// activation than the tanh form of GELU, quantized weights.
public struct Gemma2Configuration: Sendable, Equatable {
  /// `vocab_size`
  public let vocabularySize: Int
  /// `hidden_size`
  public let width: Int
  /// `intermediate_size`
  public let hiddenWidth: Int
  /// `num_hidden_layers`
  public let layerCount: Int
  /// `num_attention_heads`
  public let queryHeads: Int
  /// `num_key_value_heads`
  public let keyValueHeads: Int
  /// `head_dim`
  public let headDimension: Int
  /// `query_pre_attn_scalar`: dot products are divided by its square root.
  public let queryScalar: Double
  /// `attn_logit_softcapping`; nil: no capping.
  public let attentionSoftCap: Double?
  /// `final_logit_softcapping`; nil: no capping.
  public let finalSoftCap: Double?
  /// `rms_norm_eps`
  public let normEpsilon: Double
  /// `rope_theta`, or that of `rope_parameters`.
  public let rotaryBase: Double
  /// `max_position_embeddings`
  public let maximumContext: Int
  /// `sliding_window` for each layer that `layer_types` calls `sliding_attention`, nil for one with
  /// `full_attention`. Without `layer_types`, every other layer from the first on slides.
  public let windows: [Int?]
  /// `bos_token_id`
  public let beginningOfSequence: UInt32?

  init(_ fields: ConfigurationFields) throws(ModelError) {
    // Bounds that keep every product of two sizes far from overflowing.
    let sizes = 1...1 << 24
    vocabularySize = try fields.integer("vocab_size", in: sizes)
    width = try fields.integer("hidden_size", in: sizes)
    hiddenWidth = try fields.integer("intermediate_size", in: sizes)
    layerCount = try fields.integer("num_hidden_layers", in: 1...4096)
    queryHeads = try fields.integer("num_attention_heads", in: 1...4096)
    keyValueHeads = try fields.integer("num_key_value_heads", in: 1...4096)
    guard queryHeads % keyValueHeads == 0 else {
      throw fields.invalid("num_key_value_heads", "a divisor of \(queryHeads) query heads")
    }
    headDimension = try fields.integer("head_dim", in: 2...1 << 16, default: 256)
    guard headDimension % 2 == 0 else { throw fields.invalid("head_dim", "an even number") }
    queryScalar = try fields.positive("query_pre_attn_scalar", default: 256)
    attentionSoftCap = try fields.positiveOrNull("attn_logit_softcapping", default: 50)
    finalSoftCap = try fields.positiveOrNull("final_logit_softcapping", default: 30)
    normEpsilon = try fields.positive("rms_norm_eps", default: 1e-6)
    maximumContext = try fields.integer("max_position_embeddings", in: sizes, default: 8192)
    rotaryBase = try Gemma2Configuration.rotaryBase(fields)
    windows = try Gemma2Configuration.windows(fields, layerCount: layerCount)
    let beginning = fields["bos_token_id"] ?? .integer(2)
    beginningOfSequence =
      beginning == .null
      ? nil
      : UInt32(try fields.integer("bos_token_id", in: 0...vocabularySize - 1, default: 2))
    try Gemma2Configuration.refuseOthers(fields)
  }

  private static func windows(
    _ fields: ConfigurationFields, layerCount: Int
  ) throws(ModelError) -> [Int?] {
    let types =
      try fields.strings("layer_types")
      ?? (0..<layerCount).map { $0 % 2 == 0 ? "sliding_attention" : "full_attention" }
    guard types.count == layerCount else {
      throw fields.invalid("layer_types", "\(layerCount) names")
    }
    var windows: [Int?] = []
    for type in types {
      switch type {
      case "sliding_attention":
        windows.append(try fields.integer("sliding_window", in: 1...1 << 24, default: 4096))
      case "full_attention": windows.append(nil)
      default: throw fields.unsupported("layer_types", "sliding_attention or full_attention")
      }
    }
    return windows
  }

  private static func rotaryBase(_ fields: ConfigurationFields) throws(ModelError) -> Double {
    try fields.require("rope_scaling", .null)
    guard let value = fields["rope_parameters"], value != .null else {
      return try fields.positive("rope_theta", default: 10_000)
    }
    guard let object = value.asObject else {
      throw fields.invalid("rope_parameters", "an object")
    }
    let parameters = ConfigurationFields(object, file: fields.file)
    for (key, _) in object.members where key != "rope_theta" && key != "rope_type" {
      throw fields.unsupported("rope_parameters", "rope_theta and rope_type")
    }
    try parameters.require("rope_type", .string("default"))
    return try parameters.positive("rope_theta", default: 10_000)
  }

  private static func refuseOthers(_ fields: ConfigurationFields) throws(ModelError) {
    try fields.require("hidden_activation", .string("gelu_pytorch_tanh"))
    try fields.require("attention_bias", .bool(false))
    try fields.require("tie_word_embeddings", .bool(true))
    try fields.require("use_bidirectional_attention", .bool(false))
    if let factor = fields["partial_rotary_factor"], factor != .null, factor.asDouble != 1 {
      throw fields.unsupported("partial_rotary_factor", "1")
    }
    try fields.require("quantization_config", .null)
  }
}
