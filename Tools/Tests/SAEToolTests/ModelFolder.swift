import Foundation
import SAECore
import Testing

extension ScratchFolder {
  /// Writes a small Gemma-2 with random weights of 12 components and 3 layers.
  ///
  /// - Parameters:
  ///   - scale: what the embedding is multiplied by.
  ///   - fields: fields of the configuration to replace.
  func writeModel(
    _ name: String = "model", scale: Float = 1, fields: [String: Any] = [:]
  ) throws -> String {
    let directory = file(name)
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let (vocabulary, width, hidden, heads) = (50, 12, 16, 8)
    var configuration: [String: Any] = [
      "architectures": ["Gemma2ForCausalLM"], "vocab_size": vocabulary, "hidden_size": width,
      "intermediate_size": hidden, "num_hidden_layers": 3, "num_attention_heads": 2,
      "num_key_value_heads": 1, "head_dim": 4, "query_pre_attn_scalar": 4, "sliding_window": 8,
      "max_position_embeddings": 64, "bos_token_id": 1,
    ]
    for (field, value) in fields { configuration[field] = value }
    try JSONSerialization.data(withJSONObject: configuration)
      .write(to: URL(fileURLWithPath: directory + "/config.json"))
    var shapes: [(name: String, shape: [Int])] = [
      ("model.embed_tokens.weight", [vocabulary, width]), ("model.norm.weight", [width]),
    ]
    for layer in 0..<3 {
      let layerShapes = [
        ("self_attn.q_proj", [heads, width]), ("self_attn.k_proj", [4, width]),
        ("self_attn.v_proj", [4, width]), ("self_attn.o_proj", [width, heads]),
        ("mlp.gate_proj", [hidden, width]), ("mlp.up_proj", [hidden, width]),
        ("mlp.down_proj", [width, hidden]), ("input_layernorm", [width]),
        ("post_attention_layernorm", [width]), ("pre_feedforward_layernorm", [width]),
        ("post_feedforward_layernorm", [width]),
      ]
      shapes += layerShapes.map { ("model.layers.\(layer).\($0).weight", $1) }
    }
    var generator = RandomGenerator(seed: 7)
    var writer = try SafetensorsWriter(
      directory + "/model.safetensors", shapes.map { TensorDeclaration($0.name, .f32, $0.shape) })
    for (index, tensor) in shapes.enumerated() {
      let factor = index == 0 ? scale : 1
      let values = (0..<tensor.shape.reduce(1, *)).map { _ in
        factor * 0.4 * Float(generator.gaussian())
      }
      try writer.append(values, to: tensor.name)
    }
    try writer.finish()
    return directory
  }

  /// Writes a NumPy file of token ids from 2 on.
  func writeTokens(
    _ name: String = "tokens.npy", count: Int, edit: (inout [UInt16]) -> Void = { _ in }
  ) throws -> String {
    var generator = RandomGenerator(seed: 3)
    var ids = (0..<count).map { _ in UInt16(2 + generator.index(below: 48)) }
    edit(&ids)
    var header = "{'descr': '<u2', 'fortran_order': False, 'shape': (\(count),), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    var data = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, 118, 0]) + Data(header.utf8)
    for id in ids { data += [UInt8(id & 255), UInt8(id >> 8)] }
    try data.write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }
}

/// A small real model with its activations and expected values: the folder that `SAE_LAB` names, else
/// `../shared/lab` beside the package.
enum Lab {
  static let root: String = {
    let standard = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../../shared/lab").standardizedFileURL.path
    return ProcessInfo.processInfo.environment["SAE_LAB"] ?? standard
  }()

  static func path(_ name: String) -> String { "\(root)/\(name)" }
}

/// For tests that need the lab.
let withLab = ConditionTrait.enabled("no lab at \(Lab.root); SAE_LAB names its folder") {
  FileManager.default.fileExists(atPath: Lab.path("model/config.json"))
}
