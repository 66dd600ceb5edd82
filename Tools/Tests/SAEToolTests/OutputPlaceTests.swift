import Foundation
import SAECore
import Testing

/// What a command says of the place of its result before it begins.
@Suite struct OutputPlaceTests {
  let folder: ScratchFolder
  let activations: String
  let sae: String

  init() throws {
    folder = try ScratchFolder()
    activations = try folder.writeActivations("a.safetensors")
    sae = folder.file("trained")
    let run = try Command(
      ["train", "--activations", activations, "--out", sae] + TrainCommandTests.small)
    #expect(run.status == 0, "\(run.errors)")
  }

  private func bytes(_ path: String) -> Data? { FileManager.default.contents(atPath: path) }

  private func encode(_ activations: String, _ out: String, sae: String? = nil) throws -> Command {
    try Command([
      "encode", "--sae", sae ?? self.sae, "--activations", activations, "--out", out, "--force",
    ])
  }

  private func expectRefused(
    _ run: Command, _ words: [String], status: Int32 = 1,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      run.status == status && run.errorLines.count == 1, "\(run.errors)",
      sourceLocation: sourceLocation)
    for word in words {
      #expect(run.errors.contains(word), "\(run.errors)", sourceLocation: sourceLocation)
    }
    #expect(!run.errors.contains("20/20"), "\(run.errors)", sourceLocation: sourceLocation)
  }

  /// A file in an autoencoder, in a folder of shards, in a model; by its name and by a link.
  @Test func nothingIsWrittenIntoAnInput() throws {
    let manager = FileManager.default
    let weights = "\(sae)/sae_weights.safetensors"
    let shards = folder.file("shards")
    try manager.createDirectory(atPath: shards, withIntermediateDirectories: true)
    try manager.copyItem(atPath: activations, toPath: "\(shards)/0.safetensors")
    let link = folder.file("link")
    try manager.createSymbolicLink(atPath: link, withDestinationPath: sae)
    let before = (bytes(weights), bytes("\(shards)/0.safetensors"))
    for out in [weights, "\(link)/sae_weights.safetensors", "\(sae)/latents", "\(link)/new"] {
      for given in [sae, link] {
        expectRefused(try encode(activations, out, sae: given), ["in the input \(given)"])
      }
    }
    for out in ["\(shards)/0.safetensors", "\(shards)/1.safetensors"] {
      expectRefused(try encode(shards, out), ["in the input \(shards)"])
    }
    for to in ["safetensors", "saelens"] {
      let run = try Command(["convert", sae, "\(sae)/copy", "--to", to, "--force"])
      expectRefused(run, ["in the input \(sae)"])
    }
    expectRefused(
      try Command(
        ["train", "--activations", shards, "--out", "\(shards)/sae"] + TrainCommandTests.small),
      ["in the input \(shards)"])
    let model = try folder.writeModel()
    let tokens = try folder.writeTokens(count: 70)
    expectRefused(
      try Command([
        "harvest", "--model", model, "--tokens", tokens, "--layer", "1", "--out", "\(model)/a/b",
      ]), ["in the input \(model)"])
    #expect(bytes(weights) == before.0 && bytes("\(shards)/0.safetensors") == before.1)
    #expect(try manager.contentsOfDirectory(atPath: shards) == ["0.safetensors"])
    #expect(!manager.fileExists(atPath: "\(model)/a"))
  }

  /// Latents give way to latents, an autoencoder to one, tensors to those of the same names.
  @Test func onlyTheKindThatIsWrittenGivesWay() throws {
    let one = folder.file("one.safetensors")
    #expect(try Command(["convert", sae, one, "--to", "safetensors"]).status == 0)
    let latents = folder.file("latents.safetensors")
    #expect(try encode(activations, latents).status == 0)
    let other = try folder.writeActivations("other.safetensors", tokens: 20)
    let weights = folder.file("weights.safetensors")
    try FileManager.default.copyItem(atPath: "\(sae)/sae_weights.safetensors", toPath: weights)
    let files = [one, latents, other, weights]
    let before = files.map(bytes)
    for out in [one, other, weights] {
      expectRefused(try encode(activations, out), [out, "expected a file of latents to replace"])
    }
    for out in [latents, other, weights] {
      let run = try Command(["convert", sae, out, "--to", "safetensors", "--force"])
      expectRefused(run, [out, "expected an autoencoder in one file to replace"])
    }
    for out in [one, latents, weights] {
      let run = try Command(["convert", activations, out, "--to", "safetensors", "--force"])
      expectRefused(run, [out, "expected a file of the tensors \"activations\" to replace"])
    }
    #expect(files.map(bytes) == before)
    #expect(try encode(other, latents).status == 0)
    for (input, out) in [(sae, one), (activations, other)] {
      let run = try Command(["convert", input, out, "--to", "safetensors", "--force"])
      #expect(run.status == 0, "\(run.errors)")
    }
    #expect(bytes(other) != before[2] && bytes(latents) != before[1])
  }

  /// Beside checkpoints, in one, and where the folder would be.
  @Test func aForeignEntryAmongCheckpointsIsNamedBeforeTheRun() throws {
    let manager = FileManager.default
    let out = folder.file("run")
    let train =
      ["train", "--activations", activations, "--out", out, "--checkpoint-every", "10"]
      + TrainCommandTests.small
    #expect(try Command(train).status == 0)
    let before = bytes("\(out)/sae_weights.safetensors")
    for (place, name) in [
      ("notes", "\"notes\""), ("step-000000000010/mine", "\"mine\" in \"step-000000000010\""),
    ] {
      let file = "\(out).checkpoints/\(place)"
      try Data("mine".utf8).write(to: URL(fileURLWithPath: file))
      expectRefused(try Command(train + ["--force"]), ["\(out).checkpoints", "found \(name)"])
      #expect(bytes(file) == Data("mine".utf8))
      try manager.removeItem(atPath: file)
    }
    #expect(try manager.contentsOfDirectory(atPath: "\(out).checkpoints").count == 2)
    #expect(bytes("\(out)/sae_weights.safetensors") == before)
    #expect(try Command(train + ["--force", "--seed", "1"]).status == 0)
    let other = folder.file("other")
    try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(other).checkpoints"))
    let run = try Command(train.map { $0 == out ? other : $0 })
    expectRefused(run, ["\(other).checkpoints"])
  }

  @Test func aNameWithoutRoomForCheckpointsIsRefused() throws {
    func train(_ name: String) throws -> Command {
      try Command(
        ["train", "--activations", activations, "--out", folder.file(name)]
          + ["--checkpoint-every", "10"] + TrainCommandTests.small)
    }
    for name in [String(repeating: "z", count: 245), String(repeating: "é", count: 120)] {
      expectRefused(try train(name), ["--out: ", "at most 239 bytes"], status: 64)
    }
    let longest = String(repeating: "z", count: 239)
    for arguments in [[], ["--force"]] {
      let run = try Command(
        ["train", "--activations", activations, "--out", folder.file(longest)]
          + ["--checkpoint-every", "10"] + TrainCommandTests.small + arguments)
      #expect(run.status == 0, "\(run.errors)")
    }
  }

  @Test func anEmptyTextIsNoPath() throws {
    let a = ["--activations", activations]
    for (arguments, name) in [
      (["train"] + a + ["--latents", "8", "--out", ""], "--out"),
      (["encode", "--sae", sae] + a + ["--out", ""], "--out"),
      (["encode", "--sae", ""] + a + ["--out", "x"], "--sae"),
      (["evaluate", "--sae", sae, "--activations", ""], "--activations"),
      (["demo", "--out", ""], "--out"), (["study", "--demo", "--out", ""], "--out"),
      (["study", "--config", "", "--out", "x"], "--config"),
      (["harvest", "--model", "m", "--tokens", "t", "--layer", "1", "--out", ""], "--out"),
      (["inspect", "--sae", sae, "--model", "m", "--tokens", "t", "--out", ""], "--out"),
      (
        ["inspect", "--sae", sae, "--model", "m", "--tokens", "t", "--out", "x", "--judge", ""],
        "--judge"
      ),
      (["convert", sae, "", "--to", "saelens"], "<output>"),
      (["convert", "", "x", "--to", "saelens"], "<input>"), (["info", ""], "<path>"),
    ] {
      expectRefused(try Command(arguments), ["\(name): expected"], status: 64)
    }
  }

  @Test func aStrangersFileInAStudysPlaceIsNamed() throws {
    let out = folder.file("place")
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    for (name, found) in [("thesis.tex", "\"thesis.tex\";"), ("a", "\"a\" and 1 more;")] {
      try Data().write(to: URL(fileURLWithPath: "\(out)/\(name)"))
      for arguments in [["demo"], ["study", "--demo"]] {
        expectRefused(try Command(arguments + ["--out", out]), [out, "found \(found)"])
      }
    }
  }

  /// The system tells by a signal that a mapped file has become shorter.
  @Test func anInputThatIsShortenedIsSaid() throws {
    let input = try folder.writeActivations("large.safetensors", tokens: 200_000)
    let running = try RunningCommand(
      ["train", "--activations", input, "--out", folder.file("cut")]
        + ["--latents", "256", "--k", "8", "--steps", "100000", "--batch", "512"])
    try running.waitForProgress()
    #expect(truncate(input, 4096) == 0)
    let run = try running.finish()
    #expect(run.status == 1, "\(run.status): \(run.errors)")
    #expect(run.errorLines.count == 1, "\(run.errors)")
    #expect(run.errors.contains("was shortened"), "\(run.errors)")
  }
}
