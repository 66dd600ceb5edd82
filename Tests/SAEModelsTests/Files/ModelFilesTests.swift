import Foundation
import SAECore
import SAEModels
import Testing

struct ModelFilesTests {
  func load(fields: [String: Any]) throws {
    let checkpoint = try RandomCheckpoint()
    try checkpoint.writeConfiguration(fields)
    _ = try LanguageModels.load(checkpoint.directory)
  }

  /// The field that an error complains about.
  func refused(_ fields: [String: Any]) -> String? {
    do {
      try load(fields: fields)
      return nil
    } catch ModelError.invalidField(_, let field, _, _) {
      return "invalid \(field)"
    } catch ModelError.unsupportedField(_, let field, _, _) {
      return "unsupported \(field)"
    } catch {
      return "\(error)"
    }
  }

  @Test func refusesFieldsByName() {
    let unsupported: [(String, Any)] = [
      ("hidden_activation", "tanh"), ("use_bidirectional_attention", true),
      ("rope_scaling", ["type": "linear", "factor": 2, "beta": 3]),
      ("rope_parameters", ["rope_type": "default", "factor": 2]),
      ("quantization_config", ["bits": 4]), ("partial_rotary_factor", 0.5), ("num_experts", 8),
      ("layer_types", ["full_attention", "linear_attention", "full_attention"]),
    ]
    for (field, value) in unsupported {
      #expect(refused([field: value]) == "unsupported \(field)")
    }
    #expect(refused(["rope_parameters": ["rope_type": "yarn"]]) == "unsupported rope_type")
    #expect(refused(["rope_scaling": ["type": "dynamic"]]) == "unsupported type")
    let invalid: [(String, Any)] = [
      ("vocab_size", 0), ("vocab_size", "8"), ("vocab_size", 1e30), ("hidden_size", -3),
      ("hidden_size", 2.5), ("num_hidden_layers", NSNull()), ("num_key_value_heads", 3),
      ("head_dim", 9), ("query_pre_attn_scalar", 0), ("attn_logit_softcapping", -1),
      ("final_logit_softcapping", "no"), ("sliding_window", 0), ("rms_norm_eps", -1),
      ("rope_theta", true), ("layer_types", ["full_attention"]), ("layer_types", 3),
      ("bos_token_id", 37), ("eos_token_id", [1, 37]), ("attention_bias", 1),
      ("tie_word_embeddings", "no"), ("max_position_embeddings", 0), ("rope_parameters", 1),
    ]
    for (field, value) in invalid {
      #expect(refused([field: value]) == "invalid \(field)")
    }
    #expect(refused([:]) == nil)
    #expect(refused(["hidden_size": 25])?.contains("expected the shape [37, 25]") == true)
  }

  /// Every number that the result depends on is taken from its field.
  @Test func fieldsChangeTheResult() throws {
    let checkpoint = try RandomCheckpoint()
    let batch = TokenBatch([Gemma2Tests.tokens(30, below: 37, seed: 8)])
    func logits() throws -> Matrix {
      let model = try LanguageModels.load(checkpoint.directory)
      return try model.logits(model.run(batch).view)
    }
    let usual = try logits()
    let changes: [(String, Any)] = [
      ("query_pre_attn_scalar", 30), ("attn_logit_softcapping", NSNull()),
      ("final_logit_softcapping", NSNull()), ("sliding_window", 4), ("rms_norm_eps", 0.1),
      ("rope_theta", 50), ("rope_scaling", ["type": "linear", "factor": 2]),
      ("hidden_activation", "gelu"),
      ("rope_parameters", ["rope_theta": 50, "rope_type": "default"]),
      ("layer_types", ["full_attention", "full_attention", "sliding_attention"]),
    ]
    for (field, value) in changes {
      try checkpoint.writeConfiguration([field: value])
      #expect(try logits() != usual, "\(field)")
    }
    let alternating = ["sliding_attention", "full_attention", "sliding_attention"]
    try checkpoint.writeConfiguration(["layer_types": alternating])
    #expect(try logits() == usual)
  }

  @Test func unknownArchitecture() throws {
    let checkpoint = try RandomCheckpoint(fields: ["architectures": ["MixtralForCausalLM"]])
    #expect(
      throws: ModelError.unknownArchitecture(
        file: checkpoint.file("config.json"), expected: LanguageModels.architectures,
        found: ["MixtralForCausalLM"])
    ) {
      try LanguageModels.load(checkpoint.directory)
    }
  }

  @Test func missingFiles() throws {
    let single = try RandomCheckpoint()
    try FileManager.default.removeItem(atPath: single.file("model.safetensors"))
    #expect(
      throws: ModelError.noWeights(
        directory: single.directory,
        expected: ["model.safetensors", "model.safetensors.index.json"], found: "neither")
    ) {
      try LanguageModels.load(single.directory)
    }
    let sharded = try RandomCheckpoint(shards: 2)
    try FileManager.default.removeItem(atPath: sharded.file("model-1.safetensors"))
    #expect(
      throws: FileError.wrongContents(
        file: sharded.file("model.safetensors.index.json"),
        expected: "the file \"model-1.safetensors\" beside it", found: "none")
    ) {
      try LanguageModels.load(sharded.directory)
    }
    #expect(throws: FileError.self) { try LanguageModels.load("/nonexistent") }
  }

  @Test func indexThatLeadsElsewhere() throws {
    let checkpoint = try RandomCheckpoint(shards: 2)
    let index = checkpoint.file("model.safetensors.index.json")
    func write(_ text: String) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: index))
    }
    try write(#"{"weight_map": {"model.norm.weight": "../model-0.safetensors"}}"#)
    #expect(
      throws: FileError.invalidSetting(
        file: index, setting: "weight_map", expected: "names of files beside it",
        found: "\"../model-0.safetensors\"")
    ) {
      try LanguageModels.load(checkpoint.directory)
    }
    try write(#"{"weight_map": {"model.norm.weight": "model-0.safetensors"}}"#)
    let shard = try SafetensorsFile(checkpoint.file("model-0.safetensors"))
    #expect(
      throws: FileError.noSuchTensor(
        file: shard.path, tensor: "model.norm.weight",
        present: Array(shard.tensors.map(\.name).prefix(20)))
    ) {
      try LanguageModels.load(checkpoint.directory)
    }
    try write(#"{"weight_map": 3}"#)
    #expect(
      throws: FileError.invalidSetting(
        file: index, setting: "weight_map", expected: "an object", found: "none")
    ) {
      try LanguageModels.load(checkpoint.directory)
    }
  }

  @Test func tensorsThatDoNotFit() throws {
    let checkpoint = try RandomCheckpoint()
    let path = checkpoint.file("model.safetensors")
    let shapes = RandomCheckpoint.shapes(checkpoint.sizes)
    func write(_ tensors: [(name: String, shape: [Int])], _ type: ElementType = .f32) throws {
      var writer = try SafetensorsWriter(
        path, tensors.map { TensorDeclaration($0.name, type, $0.shape) })
      for tensor in tensors {
        try writer.append(
          [Float](repeating: 0, count: tensor.shape.reduce(1, *)), to: tensor.name)
      }
      try writer.finish()
    }
    try write(shapes.dropLast())
    #expect(throws: ModelError.missingTensor(file: path, tensor: shapes[shapes.count - 1].name)) {
      try LanguageModels.load(checkpoint.directory)
    }
    try write(shapes + [("model.layers.3.mlp.up_proj.weight", [40, 24])])
    #expect(
      throws: ModelError.unexpectedTensor(
        file: path, tensor: "model.layers.3.mlp.up_proj.weight")
    ) {
      try LanguageModels.load(checkpoint.directory)
    }
    try write(
      shapes.map { ($0.name, $0.name.hasSuffix("0.mlp.up_proj.weight") ? [24, 40] : $0.shape) })
    #expect(
      throws: ModelError.wrongShape(
        file: path, tensor: "model.layers.0.mlp.up_proj.weight", expected: [40, 24],
        found: [24, 40])
    ) {
      try LanguageModels.load(checkpoint.directory)
    }
    try write(shapes + [("lm_head.weight", [37, 24])])
    #expect(throws: Never.self) { try LanguageModels.load(checkpoint.directory) }
  }
}
