import Foundation
import SAECore
import Testing

@Suite struct TrainOnModelTests {
  let folder: ScratchFolder
  let model: String
  let tokens: String

  init() throws {
    folder = try ScratchFolder()
    model = try folder.writeModel()
    tokens = try folder.writeTokens(count: 500)
  }

  /// Training on a model is training on what would have been harvested, bit for bit, where sequences
  /// fill the blocks that rows are read in.
  @Test func isTheSameAsTrainingOnAHarvest() throws {
    let run = ["--model", model, "--tokens", tokens, "--layer", "1", "--context", "32"]
    let harvest = try Command(["harvest", "--out", folder.file("h"), "--dtype", "f32"] + run)
    #expect(harvest.status == 0, "\(harvest.errors)")
    let shard = folder.file("h/activations-00000.safetensors")
    for (out, source) in [("a", ["--activations", shard]), ("b", run), ("c", run)] {
      let train = try Command(
        ["train", "--out", folder.file(out)] + source + TrainCommandTests.small)
      #expect(train.status == 0, "\(train.errors)")
    }
    func weights(_ name: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: folder.file("\(name)/sae_weights.safetensors")))
    }
    #expect(try weights("a") == weights("b"))
    #expect(try weights("b") == weights("c"))
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.file("b/cfg.json")))
    let configuration = try #require(
      try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let metadata = try #require(configuration["metadata"] as? [String: Any])
    #expect(metadata["model_name"] as? String == model)
    #expect(metadata["hook_name"] as? String == "blocks.1.hook_resid_post")
    // With the beginning-of-sequence token, as SAELens counts.
    #expect(metadata["context_size"] as? Int == 33 && metadata["prepend_bos"] as? Bool == true)
    #expect(metadata["dataset_path"] as? String == tokens)
  }

  /// A checkpoint of a run on a model knows the model, the place and the tokens.
  @Test func goesOnFromACheckpoint() throws {
    let run = ["train", "--model", model, "--tokens", tokens, "--layer", "1", "--context", "20"]
    for out in ["a", "b"] {
      let train = try Command(
        run + TrainCommandTests.small + ["--out", folder.file(out), "--checkpoint-every", "7"])
      #expect(train.status == 0, "\(train.errors)")
    }
    func weights(_ name: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: folder.file("\(name)/sae_weights.safetensors")))
    }
    let whole = try weights("a")
    let checkpoints = folder.file("b.checkpoints")
    let names = try FileManager.default.contentsOfDirectory(atPath: checkpoints).sorted()
    let resume = ["train", "--resume", checkpoints + "/" + (try #require(names.first)), "--force"]
    let other = try Command(resume + ["--layer", "2"])
    #expect(other.status == 64 && other.errors.contains("as the run began"), "\(other.errors)")
    try FileManager.default.removeItem(atPath: folder.file("b"))
    let resumed = try Command(resume)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try weights("b") == whole)
  }

  @Test func aCountAndAFileOfTokens() throws {
    let run = try Command([
      "train", "--model", model, "--tokens", tokens, "--tokens", "320", "--layer", "1", "--context",
      "20", "--latents", "24", "--k", "3", "--batch", "64", "--out", folder.file("a"),
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("5/5"))
  }

  @Test func failuresSayWhatIsWrongAndLeaveNothing() throws {
    let outside = try folder.writeTokens("outside.npy", count: 500) { $0[333] = 50 }
    let infinite = try folder.writeModel("infinite", scale: 3e38)
    let cases: [(arguments: [String], words: [String])] = [
      (
        ["--layer", "1", "--tokens", outside], ["outside.npy", "below 50", "found 50 at token 333"]
      ),
      (
        ["--layer", "1", "--tokens", tokens, "--model", infinite],
        ["model.safetensors", "expected a finite number, found inf"]
      ),
    ]
    let fixed = ["train", "--model", model, "--context", "20", "--out", folder.file("sae")]
    for (arguments, words) in cases {
      let run = try Command(fixed + TrainCommandTests.small + arguments)
      #expect(run.status == 1, "\(arguments): \(run.errors)")
      for word in words { #expect(run.errors.contains(word), "\(arguments): \(run.errors)") }
      #expect(!FileManager.default.fileExists(atPath: folder.file("sae")))
    }
    for arguments in [
      ["--layer", "7", "--tokens", tokens],
      [], ["--layer", "1"], ["--tokens", tokens], ["--layer", "1", "--tokens", "64"],
      ["--layer", "1", "--tokens", tokens, "--activations", "x"],
      ["--layer", "1", "--tokens", tokens, "--tokens", tokens],
    ] {
      #expect(try Command(fixed + ["--latents", "24"] + arguments).status == 64, "\(arguments)")
    }
    #expect(
      try Command(
        ["train", "--latents", "8", "--out", "y", "--activations", "z", "--tokens", tokens]
      ).status == 64)
  }
}
