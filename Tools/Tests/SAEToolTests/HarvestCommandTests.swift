import Foundation
import SAECore
import SAEModels
import Testing

@Suite struct HarvestCommandTests {
  let folder: ScratchFolder
  let model: String

  init() throws {
    folder = try ScratchFolder()
    model = try folder.writeModel()
  }

  func harvest(_ tokens: String, _ arguments: [String], out: String = "out") throws -> Command {
    try Command(
      [
        "harvest", "--model", model, "--tokens", tokens, "--out", folder.file(out), "--context",
        "20",
      ]
        + arguments)
  }

  func bytes(_ out: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.file(out)) {
      files[name] = FileManager.default.contents(atPath: folder.file("\(out)/\(name)"))
    }
    return files
  }

  /// The rows of the model itself, one sequence after another.
  func rows(
    _ hook: HookPoint, _ stream: [UInt32], context: Int = 20, bos: UInt32? = 1,
    keepBos: Bool = false
  ) throws -> [Float] {
    let model = try LanguageModels.load(model)
    return try stride(from: 0, to: stream.count, by: context).flatMap { first in
      let piece = stream[first..<min(first + context, stream.count)]
      let all = try model.activations(
        at: hook, of: TokenBatch([(bos.map { [$0] } ?? []) + piece]))
      return all.array.dropFirst(bos == nil || keepBos ? 0 : model.width)
    }
  }

  @Test func everyOptionDoesWhatItSays() throws {
    let tokens = try folder.writeTokens(count: 70)
    let stream = try TokenStream(npy: tokens).tokens(0..<70)
    let f32 = ["--dtype", "f32"]
    let cases: [(arguments: [String], expected: [Float])] = [
      (["--layer", "1"], try rows(.residPost(1), stream)),
      (["--hook", "blocks.0.hook_resid_pre"], try rows(.residPre(0), stream)),
      (["--layer", "2", "--bos", "none"], try rows(.residPost(2), stream, bos: nil)),
      (["--layer", "2", "--bos", "9"], try rows(.residPost(2), stream, bos: 9)),
      (["--layer", "1", "--keep-bos"], try rows(.residPost(1), stream, keepBos: true)),
      (["--layer", "1", "--context", "33"], try rows(.residPost(1), stream, context: 33)),
      (["--layer", "1", "--max-tokens", "45"], try rows(.residPost(1), Array(stream[..<45]))),
      (["--layer", "1", "--sequences", "1"], try rows(.residPost(1), stream)),
    ]
    for (index, (arguments, expected)) in cases.enumerated() {
      let run = try harvest(tokens, f32 + arguments, out: "\(index)")
      #expect(run.status == 0, "\(arguments): \(run.errors)")
      let found = try HarvestShards.open(folder.file("\(index)"))
      #expect(try found.matrix(rows: 0..<found.tokens).array == expected, "\(arguments)")
    }
    let rounded = try harvest(tokens, ["--layer", "1"])
    #expect(rounded.status == 0 && rounded.errors.contains("70/70"))
    #expect(rounded.output.contains("70 rows of 12") && rounded.output.contains("tokens/s"))
    let file = try SafetensorsFile(folder.file("out/activations-00000.safetensors"))
    #expect(file.tensors[0].type == .f16)
    #expect(file.metadata["producer"] == "swift-sae \(libraryVersion)")
    #expect(file.metadata["rotary_frequencies"] == "float32")
    let brain = try harvest(
      tokens, f32 + ["--layer", "1", "--rotary-frequencies", "bfloat16"], out: "brain")
    #expect(brain.status == 0)
    #expect(
      try HarvestShards.open(folder.file("brain")).matrix(rows: 0..<70).array != cases[0].expected)
  }

  /// A harvest that is killed and begun again ends as one that was never disturbed, byte for byte.
  @Test func goesOnAfterAKill() throws {
    let tokens = try folder.writeTokens(count: 30_000)
    let arguments = ["--layer", "1", "--tokens-per-shard", "777"]
    #expect(try harvest(tokens, arguments, out: "whole").status == 0)
    let whole = try bytes("whole")
    #expect(whole.count == 39)
    var kept = 0
    for _ in 0..<10 where kept == 0 {
      try? FileManager.default.removeItem(atPath: folder.file("out"))
      let killed = try Command.kill(
        [
          "harvest", "--model", model, "--tokens", tokens, "--out", folder.file("out"),
          "--context", "20",
        ] + arguments
      ) { (try? bytes("out").keys.count { !$0.hasPrefix(".") } >= 3) ?? false }
      if killed { kept = try bytes("out").keys.count { !$0.hasPrefix(".") } }
    }
    #expect(kept >= 3 && kept < 39, "the command was never killed on its way")
    let resumed = try harvest(tokens, arguments)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.contains("\(777 * kept)".suffix(3) + " rows were there before"))
    #expect(try bytes("out") == whole)
    let again = try harvest(tokens, arguments)
    #expect(again.status == 0 && again.output.contains("nothing was left to do"))
  }

  @Test func refusesToGoOnWithOtherSettings() throws {
    let tokens = try folder.writeTokens(count: 70)
    let usual = ["--layer", "1", "--tokens-per-shard", "30"]
    #expect(try harvest(tokens, usual).status == 0)
    let before = try bytes("out")
    for (arguments, words) in [
      (["--layer", "0"], "expected activations of hook"), (["--dtype", "f32"], "type: expected"),
      (["--bos", "none"], "expected activations of prefix"),
      (["--keep-bos"], "expected activations of prefix activations"),
      (["--context", "21"], "expected activations of context"),
      (["--tokens-per-shard", "40"], "shape: expected"),
      (["--max-tokens", "60"], "stream_tokens: expected"),
      (["--rotary-frequencies", "bfloat16"], "expected activations of rotary frequencies"),
      (["--skip-tokens", "49"], "skipped_tokens: expected"),
    ] {
      let run = try harvest(tokens, usual + arguments)
      #expect(run.status == 1 && run.errors.contains(words), "\(run.errors)")
    }
    #expect(try bytes("out") == before)
  }

  @Test func failuresSayWhatIsWrong() throws {
    let tokens = try folder.writeTokens(count: 70)
    let outside = try folder.writeTokens("outside.npy", count: 70) { $0[45] = 50 }
    let empty = try folder.writeTokens("empty.npy", count: 0)
    let other = try folder.writeModel("mixture", fields: ["architectures": ["MixtralForCausalLM"]])
    let loud = try folder.writeModel("loud", scale: 1e5)
    let silent = try folder.writeModel("silent", fields: ["bos_token_id": NSNull()])
    try Data("x".utf8).write(to: URL(fileURLWithPath: folder.file("file")))
    let cases: [(arguments: [String], words: [String])] = [
      (
        ["--layer", "1", "--tokens", outside], ["outside.npy", "below 50", "found 50 at token 45"]
      ),
      (["--layer", "1", "--tokens", empty], ["empty.npy", "at least one token"]),
      (["--layer", "1", "--tokens", folder.file("none.npy")], ["none.npy"]),
      (["--layer", "1", "--tokens", model + "/model.safetensors"], ["model.safetensors"]),
      (["--layer", "1", "--model", other], ["Gemma2ForCausalLM", "found MixtralForCausalLM"]),
      (["--layer", "1", "--model", folder.file("none")], ["config.json"]),
      (["--layer", "1", "--model", silent], ["beginning-of-sequence"]),
      (["--layer", "1", "--out", folder.file("file")], ["file: expected a directory"]),
      (["--layer", "1", "--model", loud], ["row 0", "at most 65504.0", "found"]),
    ]
    for (arguments, words) in cases {
      let run = try harvest(tokens, arguments)
      #expect(run.status == 1, "\(arguments): \(run.errors)")
      for word in words { #expect(run.errors.contains(word), "\(arguments): \(run.errors)") }
      #expect(((try? bytes("out")) ?? [:]).isEmpty, "\(arguments)")
    }
    for (arguments, words) in [
      (["--layer", "3"], "--layer: expected 0 to 2, found 3"),
      (["--hook", "blocks.1.mlp"], "found \"blocks.1.mlp\""),
      (["--layer", "1", "--context", "64"], "1 to 63"),
      (["--layer", "1", "--bos", "50"], "below 50"),
    ] {
      let run = try harvest(tokens, arguments)
      #expect(run.status == 64 && run.errors.contains(words), "\(arguments): \(run.errors)")
    }
    for arguments in [
      [], ["--layer", "1", "--hook", "blocks.1.hook_resid_post"], ["--layer", "x"],
      ["--layer", "-1"], ["--layer", "1", "--dtype", "f64"], ["--layer", "1", "--bos", "all"],
      ["--layer", "1", "--max-tokens", "0"], ["--layer", "1", "--rotary-frequencies", "f8"],
      ["--layer", "1", "--tokens-per-shard", "0"], ["--layer", "1", "--skip-tokens", "a"],
      ["--layer", "1", "--bos", "none", "--keep-bos"],
    ] {
      #expect(try harvest(tokens, arguments).status == 64, "\(arguments)")
    }
    #expect(
      try Command(["harvest", "--tokens", tokens, "--out", "x", "--layer", "1"]).status == 64)
  }

  /// The lab's rows were made with rotary frequencies in bfloat16 and rounded to F16 as ours are: most
  /// agree to the bit.
  @Test(withLab) func agreesWithTheLab() throws {
    let run = try Command([
      "harvest", "--model", Lab.path("model"), "--tokens", Lab.path("tokens/med_dev.npy"),
      "--layer", "4", "--max-tokens", "1275", "--rotary-frequencies", "bfloat16", "--out",
      folder.file("lab"),
    ])
    #expect(run.status == 0, "\(run.errors)")
    let found = try HarvestShards.open(folder.file("lab")).matrix(rows: 0..<1275).array
    let expected = try SafetensorsFile(Lab.path("activations/med_dev.safetensors"))
      .tensor("activations").matrix(rows: 0..<1275).array
    var (difference, size) = (0.0, 0.0)
    for (a, b) in zip(found, expected) {
      difference += Double((a - b) * (a - b))
      size += Double(b * b)
    }
    #expect((difference / size).squareRoot() < 2e-5)
    let equal = zip(found, expected).count { $0 == $1 }
    #expect(Double(equal) > 0.99 * Double(found.count))
  }
}
