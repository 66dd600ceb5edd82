import Foundation
import SAECore
import SAEModels
import Testing

/// Whatever is done to a model's files, loading them either works or says what is wrong.
struct ModelMutationTests {
  /// What loading says: nil if it works.
  func failure(_ checkpoint: RandomCheckpoint) -> String? {
    do {
      _ = try LanguageModels.load(checkpoint.directory)
      return nil
    } catch let error as ModelError {
      return error.description
    } catch let error as FileError {
      return error.description
    } catch {
      Issue.record("neither a model's error nor a file's: \(error)")
      return "\(error)"
    }
  }

  /// A size that is not that of the tensors is refused with the first tensor that it disagrees with.
  @Test func sizesMustBeThoseOfTheTensors() throws {
    let checkpoint = try RandomCheckpoint()
    let prefix = "model.layers.0."
    let cases: [(field: String, value: Int, words: [String])] = [
      ("vocab_size", 38, ["embed_tokens.weight", "[38, 24], found [37, 24]"]),
      ("hidden_size", 23, ["embed_tokens.weight", "[37, 23], found [37, 24]"]),
      ("intermediate_size", 41, [prefix + "mlp.gate_proj.weight", "[41, 24], found [40, 24]"]),
      ("num_hidden_layers", 2, ["model.layers.2.", "no place for it"]),
      ("num_hidden_layers", 4, ["model.layers.3.", "found none"]),
      ("num_attention_heads", 5, [prefix + "self_attn.q_proj", "[50, 24], found [40, 24]"]),
      ("num_key_value_heads", 2, [prefix + "self_attn.k_proj", "[20, 24], found [10, 24]"]),
      ("head_dim", 12, [prefix + "self_attn.q_proj", "[48, 24], found [40, 24]"]),
    ]
    for (field, value, words) in cases {
      try checkpoint.writeConfiguration([field: value])
      let found = try #require(failure(checkpoint), "\(field)")
      #expect(found.hasPrefix(checkpoint.file("model.safetensors")), "\(found)")
      for word in words { #expect(found.contains(word), "\(field): \(found)") }
    }
  }

  /// Without a field, the default of Hugging Face's library counts; one without a default is needed.
  @Test func missingFields() throws {
    let needed = [
      "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
      "num_attention_heads", "num_key_value_heads",
    ]
    let checkpoint = try RandomCheckpoint()
    for field in needed {
      try checkpoint.writeConfiguration([:], without: [field])
      let found = try #require(failure(checkpoint), "\(field)")
      #expect(found.contains("field \"\(field)\"") && found.contains("found none"), "\(found)")
    }
    let defaults: [(String, Any)] = [
      ("query_pre_attn_scalar", 256), ("attn_logit_softcapping", 50.0),
      ("final_logit_softcapping", 30.0), ("sliding_window", 4096), ("rms_norm_eps", 1e-6),
      ("rope_theta", 10_000.0), ("max_position_embeddings", 8192), ("bos_token_id", 2),
      ("hidden_activation", "gelu_pytorch_tanh"),
    ]
    let batch = TokenBatch([Gemma2Tests.tokens(30, below: 37, seed: 8)])
    func outcome() throws -> (Matrix, Int, UInt32?) {
      let model = try LanguageModels.load(checkpoint.directory)
      return (
        try model.logits(model.run(batch).view), model.maximumContext, model.beginningOfSequence
      )
    }
    for (field, value) in defaults {
      try checkpoint.writeConfiguration([field: value])
      let written = try outcome()
      try checkpoint.writeConfiguration([:], without: [field])
      #expect(try outcome() == written, "\(field)")
    }
  }

  /// Bytes of the configuration and of the index are exchanged, dropped and doubled at random.
  @Test(arguments: ["config.json", "model.safetensors.index.json"])
  func damagedTextIsRefusedOrRead(name: String) throws {
    let checkpoint = try RandomCheckpoint(shards: 2)
    let url = URL(fileURLWithPath: checkpoint.file(name))
    let good = try Data(contentsOf: url)
    let batch = TokenBatch([[3, 4, 5]])
    var generator = RandomGenerator(seed: 11)
    let letters = Array("0123456789-+.eE\"{}[]:,ntf \\/u".utf8)
    var refused = 0
    for _ in 0..<600 {
      var bytes = [UInt8](good)
      for _ in 0...generator.index(below: 3) {
        let place = generator.index(below: bytes.count)
        let letter = letters[generator.index(below: letters.count)]
        switch generator.index(below: 3) {
        case 0: bytes[place] = letter
        case 1: bytes.remove(at: place)
        default: bytes.insert(letter, at: place)
        }
      }
      try Data(bytes).write(to: url)
      if failure(checkpoint) != nil {
        refused += 1
      } else {
        #expect(throws: Never.self) { try LanguageModels.load(checkpoint.directory).run(batch) }
      }
    }
    #expect(refused > 300)
  }

  @Test func indexThatNamesTooLittle() throws {
    let checkpoint = try RandomCheckpoint(shards: 2)
    let index = checkpoint.file("model.safetensors.index.json")
    var map = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: index)))
        as? [String: [String: String]])
    let tensor = "model.layers.1.mlp.down_proj.weight"
    map["weight_map"]?[tensor] = nil
    try JSONSerialization.data(withJSONObject: map).write(to: URL(fileURLWithPath: index))
    let found = try #require(failure(checkpoint))
    #expect(found.contains("only tensors that") && found.contains(tensor), "\(found)")
  }

  @Test func tensorsOfAnotherType() throws {
    let checkpoint = try RandomCheckpoint()
    let path = checkpoint.file("model.safetensors")
    let shapes = RandomCheckpoint.shapes(checkpoint.sizes)
    let odd = "model.layers.2.input_layernorm.weight"
    var writer = try SafetensorsWriter(
      path, shapes.map { TensorDeclaration($0.name, $0.name == odd ? .f64 : .f32, $0.shape) })
    for tensor in shapes {
      try writer.append(
        [Float](repeating: 0, count: tensor.shape.reduce(1, *)), to: tensor.name)
    }
    try writer.finish()
    #expect(
      throws: ModelError.wrongElementType(file: path, tensor: odd, found: "F64")
    ) {
      try LanguageModels.load(checkpoint.directory)
    }
  }

  /// A file that ends before its last tensor does is refused before memory is taken.
  @Test func truncatedShard() throws {
    let checkpoint = try RandomCheckpoint(shards: 2)
    let url = URL(fileURLWithPath: checkpoint.file("model-1.safetensors"))
    let bytes = try Data(contentsOf: url)
    for length in [0, 7, 100, bytes.count - 1] {
      try bytes.prefix(length).write(to: url)
      let found = try #require(failure(checkpoint))
      #expect(found.contains("model-1.safetensors"), "\(found)")
    }
  }
}
