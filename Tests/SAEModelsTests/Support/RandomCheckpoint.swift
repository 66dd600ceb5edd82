import Foundation
import SAECore

/// A Gemma-2 with random weights, written to a folder that is removed with the value.
final class RandomCheckpoint {
  struct Sizes {
    var vocabulary = 37
    var width = 24
    var hidden = 40
    var layers = 3
    var queryHeads = 4
    var keyValueHeads = 1
    var headDimension = 10
    var queryScalar = 17.0
    var attentionCap: Double? = 5
    var finalCap: Double? = 3
    var window = 5
    var theta = 100.0
    var positions = 700
  }

  let directory: String
  let sizes: Sizes

  /// - Parameters:
  ///   - shards: number of files the tensors are dealt out to; 1: a single file without an index.
  ///   - fields: fields of the configuration to replace; NSNull for null.
  init(
    _ sizes: Sizes = Sizes(), type: ElementType = .f32, shards: Int = 1, seed: UInt64 = 1,
    fields: [String: Any] = [:]
  ) throws {
    self.sizes = sizes
    directory =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("sae-models-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    try writeConfiguration(fields)
    var generator = RandomGenerator(seed: seed)
    let tensors = RandomCheckpoint.shapes(sizes)
    var map: [String: String] = [:]
    for shard in 0..<shards {
      let name = shards == 1 ? "model.safetensors" : "model-\(shard).safetensors"
      let own = tensors.indices.filter { $0 % shards == shard }.map { tensors[$0] }
      var writer = try SafetensorsWriter(
        file(name), own.map { TensorDeclaration($0.name, type, $0.shape) })
      for tensor in own {
        let count = tensor.shape.reduce(1, *)
        // Sums of a row stay near 1; norms' weights are near 0 as 1 is added to them.
        let spread = 1.5 / Double(tensor.shape.last ?? 1).squareRoot()
        let values = (0..<count).map { _ in
          Float((Double(generator.next() >> 11) * 0x1p-52 - 1) * spread)
        }
        try writer.append(values, to: tensor.name)
        map[tensor.name] = name
      }
      try writer.finish()
    }
    if shards > 1 {
      let index = try JSONSerialization.data(withJSONObject: ["weight_map": map])
      try index.write(to: URL(fileURLWithPath: file("model.safetensors.index.json")))
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func file(_ name: String) -> String { "\(directory)/\(name)" }

  func writeConfiguration(_ changes: [String: Any], without missing: [String] = []) throws {
    var fields: [String: Any] = [
      "architectures": ["Gemma2ForCausalLM"], "vocab_size": sizes.vocabulary,
      "hidden_size": sizes.width, "intermediate_size": sizes.hidden,
      "num_hidden_layers": sizes.layers, "num_attention_heads": sizes.queryHeads,
      "num_key_value_heads": sizes.keyValueHeads, "head_dim": sizes.headDimension,
      "query_pre_attn_scalar": sizes.queryScalar, "sliding_window": sizes.window,
      "attn_logit_softcapping": sizes.attentionCap ?? NSNull(),
      "final_logit_softcapping": sizes.finalCap ?? NSNull(), "rope_theta": sizes.theta,
      "max_position_embeddings": sizes.positions, "bos_token_id": 1,
      "hidden_activation": "gelu_pytorch_tanh", "rms_norm_eps": 1e-5,
    ]
    for (field, value) in changes { fields[field] = value }
    for field in missing { fields[field] = nil }
    try JSONSerialization.data(withJSONObject: fields)
      .write(to: URL(fileURLWithPath: file("config.json")))
  }

  static func shapes(_ sizes: Sizes) -> [(name: String, shape: [Int])] {
    let queries = sizes.queryHeads * sizes.headDimension
    let keys = sizes.keyValueHeads * sizes.headDimension
    var shapes: [(name: String, shape: [Int])] = [
      ("model.embed_tokens.weight", [sizes.vocabulary, sizes.width]),
      ("model.norm.weight", [sizes.width]),
    ]
    for layer in 0..<sizes.layers {
      let prefix = "model.layers.\(layer)."
      shapes += [
        (prefix + "self_attn.q_proj.weight", [queries, sizes.width]),
        (prefix + "self_attn.k_proj.weight", [keys, sizes.width]),
        (prefix + "self_attn.v_proj.weight", [keys, sizes.width]),
        (prefix + "self_attn.o_proj.weight", [sizes.width, queries]),
        (prefix + "mlp.gate_proj.weight", [sizes.hidden, sizes.width]),
        (prefix + "mlp.up_proj.weight", [sizes.hidden, sizes.width]),
        (prefix + "mlp.down_proj.weight", [sizes.width, sizes.hidden]),
        (prefix + "input_layernorm.weight", [sizes.width]),
        (prefix + "post_attention_layernorm.weight", [sizes.width]),
        (prefix + "pre_feedforward_layernorm.weight", [sizes.width]),
        (prefix + "post_feedforward_layernorm.weight", [sizes.width]),
      ]
    }
    return shapes
  }
}
