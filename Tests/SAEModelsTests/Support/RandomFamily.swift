import Foundation
import SAECore

@testable import SAEModels

/// A model of any family with random weights, written to a folder that is removed with the value.
final class RandomFamily {
  let directory: String
  let architecture: ModelArchitecture

  /// Small configurations of all families.
  static var configurations: [[String: Any]] {
    let sizes: [String: Any] = [
      "vocab_size": 37, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 3,
      "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 120,
      "rope_theta": 100.0,
    ]
    func family(_ name: String, _ fields: [String: Any]) -> [String: Any] {
      sizes.merging(fields) { $1 }.merging(["architectures": [name]]) { $1 }
    }
    let linear: [String: Any] = ["type": "linear", "factor": 2.0]
    let llama3: [String: Any] = [
      "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
      "original_max_position_embeddings": 32,
    ]
    return [
      family("GemmaForCausalLM", ["head_dim": 8]),
      family("Gemma2ForCausalLM", ["head_dim": 8, "sliding_window": 6]),
      family(
        "Gemma3ForCausalLM",
        ["head_dim": 8, "sliding_window": 6, "sliding_window_pattern": 2, "rope_scaling": linear]),
      family(
        "LlamaForCausalLM", ["attention_bias": true, "mlp_bias": true, "rope_scaling": llama3]),
      family("MistralForCausalLM", ["head_dim": 8, "sliding_window": 7]),
      family(
        "Qwen2ForCausalLM",
        [
          "use_sliding_window": true, "max_window_layers": 1, "sliding_window": 5,
          "tie_word_embeddings": true,
        ]),
      family("Qwen3ForCausalLM", ["head_dim": 8]),
      [
        "architectures": ["GPT2LMHeadModel"], "vocab_size": 37, "n_embd": 24, "n_head": 4,
        "n_layer": 3, "n_positions": 120, "scale_attn_by_inverse_layer_idx": true,
      ],
      family(
        "GPTNeoXForCausalLM",
        [
          "num_key_value_heads": NSNull(), "num_attention_heads": 3, "rotary_pct": 0.5,
        ]),
      family(
        "GPTNeoXForCausalLM",
        [
          "num_key_value_heads": NSNull(), "num_attention_heads": 3, "use_parallel_residual": false,
        ]),
    ]
  }

  /// - Parameters:
  ///   - type: of all tensors, whose numbers bfloat16 can hold.
  ///   - rename: what a tensor is called in the file.
  init(
    _ configuration: [String: Any], type: ElementType = .f32,
    rename: (String) -> String = { $0 }, changes: [String: Any] = [:]
  ) throws {
    directory =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("sae-families-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let fields = configuration.merging(changes) { $1 }
    try JSONSerialization.data(withJSONObject: fields)
      .write(to: URL(fileURLWithPath: "\(directory)/config.json"))
    let (architecture, family) = try LanguageModels.describe(directory)
    self.architecture = architecture
    let shapes = RandomFamily.shapes(architecture, family.tensors)
    var writer = try SafetensorsWriter(
      "\(directory)/model.safetensors", shapes.map { TensorDeclaration(rename($0.0), type, $0.1) })
    var generator = RandomGenerator(seed: 3)
    for (name, shape) in shapes {
      let spread = 1.5 / Double(shape.last ?? 1).squareRoot()
      let values = (0..<shape.reduce(1, *)).map { _ in
        let value = Float((Double(generator.next() >> 11) * 0x1p-52 - 1) * spread)
        return Float(bitPattern: value.bitPattern & 0xFFFF_0000)
      }
      try writer.append(values, to: rename(name))
    }
    try writer.finish()
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private static func shapes(
    _ model: ModelArchitecture, _ names: TensorNames
  ) -> [(String, [Int])] {
    let (root, width) = (names.roots[0], model.width)
    var shapes = [("\(root)\(names.embedding).weight", [model.vocabularySize, width])]
    if let positions = names.positions {
      shapes.append(("\(root)\(positions).weight", [model.maximumContext, width]))
    }
    if !model.isTied {
      shapes.append((names.unembeddings[0] + ".weight", [model.vocabularySize, width]))
    }
    shapes.append(("\(root)\(names.finalNorm).weight", [width]))
    if model.finalNorm.kind == .layerNorm {
      shapes.append(("\(root)\(names.finalNorm).bias", [width]))
    }
    for (index, layer) in model.layers.enumerated() {
      let (own, attention) = (names.layer, layer.attention)
      let keys = attention.keyValueHeads * attention.headDimension
      var rows = [
        own.attentionOutput: (width, attention.outputColumns),
        own.gate: (layer.feedForward.hiddenWidth, width),
        own.up: (layer.feedForward.hiddenWidth, width),
        own.down: (width, layer.feedForward.hiddenWidth),
      ]
      switch own.heads {
      case .separate(let query, let key, let value):
        rows[query] = (attention.outputColumns, width)
        rows[key] = (keys, width)
        rows[value] = (keys, width)
      case .stacked(let name), .byHead(let name):
        rows[name] = (attention.outputColumns + 2 * keys, width)
      }
      for tensor in own.tensors(layer) {
        let dot = tensor.lastIndex(of: ".") ?? tensor.startIndex
        let name = String(tensor[..<dot])
        var shape = [name == own.queryNorm || name == own.keyNorm ? attention.headDimension : width]
        if let (outputs, inputs) = rows[name] {
          shape = own.isTransposed ? [inputs, outputs] : [outputs, inputs]
          if tensor.hasSuffix(".bias") { shape = [outputs] }
        }
        shapes.append(("\(root)\(names.layers).\(index).\(tensor)", shape))
      }
    }
    return shapes
  }
}
