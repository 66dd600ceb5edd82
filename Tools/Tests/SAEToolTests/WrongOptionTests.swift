import Foundation
import SAECore
import Testing

/// Whatever makes an option wrong, the command ends with exit code 64 and names the option in one line.
@Suite struct WrongOptionTests {
  let folder: ScratchFolder
  let model: String
  let tokens: String

  init() throws {
    folder = try ScratchFolder()
    model = try folder.writeModel()
    tokens = try folder.writeTokens(count: 200)
  }

  private func expectWrong(
    _ arguments: [String], _ message: String, _ location: SourceLocation = #_sourceLocation
  ) throws {
    let run = try Command(arguments)
    #expect(run.status == 64, "\(arguments): \(run.errors)", sourceLocation: location)
    let line = run.errors.split(separator: "\n").last { $0.hasPrefix("Error") } ?? ""
    #expect(line.contains(message), "\(arguments): \(run.errors)", sourceLocation: location)
  }

  private func train(_ activations: [String], _ out: String) throws -> String {
    let run = try Command(
      ["train", "--out", folder.file(out)] + activations + TrainCommandTests.small)
    #expect(run.status == 0, "\(run.errors)")
    return folder.file(out)
  }

  @Test func negativeNumbers() throws {
    let train = ["train", "--activations", "a", "--latents", "64", "--out", "o"]
    for (option, value, expected) in [
      ("--lr", "-1", "a number above 0"), ("--lr", "-1e3", "a number above 0"),
      ("--lr", "-.5", "a number above 0"), ("--seed", "-1", "0 to 18446744073709551615"),
      ("--warm-up", "-5", "0 to"), ("--steps", "-1", "1 to"), ("--tokens", "-7", "at least 1"),
      ("--k", "-3", "1 to"), ("--batch", "-3", "1 to"),
    ] {
      try expectWrong(train + [option, value], "\(option): expected \(expected)")
      try expectWrong(train + [option, value], "found \(value)")
    }
    try expectWrong(
      train + ["--architecture", "matryoshka", "--levels", "-8,16"], "--levels: expected widths")
    let harvest = ["harvest", "--model", "m", "--tokens", "t", "--out", "o", "--layer"]
    try expectWrong(harvest + ["-1"], "--layer: expected 0 to 100000, found -1")
    try expectWrong(
      harvest + ["1", "--bos", "-1"], "--bos: expected a token's id or none, found -1")
    try expectWrong(harvest + ["1", "--skip-tokens", "-1"], "--skip-tokens: expected token ids")
    try expectWrong(["demo", "--seed", "-1"], "--seed: expected 0 to")
  }

  @Test func valuesThatDoNotFitTheModel() throws {
    let harvest = ["harvest", "--model", model, "--tokens", tokens, "--out", folder.file("o")]
    let sae = try train(
      ["--model", model, "--layer", "1", "--context", "20", "--tokens", tokens], "sae")
    let loss = ["loss-recovered", "--model", model, "--tokens", tokens, "--sae", sae]
    let inspect = [
      "inspect", "--model", model, "--tokens", tokens, "--sae", sae, "--out", folder.file("p"),
    ]
    for command in [harvest, loss, inspect] {
      try expectWrong(command + ["--layer", "99"], "--layer: expected 0 to 2, found 99")
    }
    for command in [harvest + ["--layer", "1"], loss, inspect] {
      try expectWrong(command + ["--context", "2000000000"], "--context: expected 1 to 63 tokens")
    }
    for command in [harvest + ["--layer", "1"], loss] {
      try expectWrong(command + ["--bos", "999"], "--bos: expected an id below 50, found 999")
      try expectWrong(command + ["--skip-tokens", "3,99"], "--skip-tokens: expected ids below 50")
    }
    for command in [harvest, loss] {
      try expectWrong(command + ["--hook", "blocks.x.hook_resid_pre"], "--hook: expected blocks.N")
      try expectWrong(command + ["--hook", "blocks.9.hook_resid_pre"], "--hook: expected a place")
    }
    #expect(!folder.names.contains("o") && !folder.names.contains("p"))
    // A run on a model takes no options of files, and the other way round.
    let activations = folder.file("a")
    let made = try Command([
      "harvest", "--model", model, "--tokens", tokens, "--layer", "1", "--context", "20", "--out",
      activations,
    ])
    #expect(made.status == 0, "\(made.errors)")
    let every = ["--checkpoint-every", "2"]
    let files = try train(["--activations", activations] + every, "files")
    for option in [
      ["--sequences", "3"], ["--model", model], ["--keep-bos"],
      ["--rotary-frequencies", "float32"],
    ] {
      try expectWrong(
        ["train", "--resume", "\(files).checkpoints", "--out", folder.file("r")] + option,
        "\(option[0]): needs a run that began with --model")
    }
    let run = try train(
      ["--model", model, "--layer", "1", "--context", "20", "--tokens", tokens] + every, "run")
    for option in [["--activations", activations], ["--targets", "t"], ["--allow-mismatch"]] {
      try expectWrong(
        ["train", "--resume", "\(run).checkpoints", "--out", folder.file("r")] + option,
        "\(option[0]): needs a run that began with --activations")
    }
    // A factor that the files have no place for.
    for command in [
      ["evaluate", "--activations", activations, "--sae", files], loss, inspect,
      ["encode", "--activations", activations, "--sae", files, "--out", folder.file("z")],
      ["convert", files, folder.file("c"), "--to", "sparsify"],
    ] {
      try expectWrong(command + ["--activation-scale", "2"], "--activation-scale: ")
    }
  }

  @Test func helpShowsWhatIsNeeded() throws {
    for command in ["evaluate", "compare", "encode"] {
      let help = try Command([command, "--help"]).output
      #expect(help.contains("] --activations <file>"), "\(help)")
    }
    let study = try Command(["study", "--help"]).output
    #expect(study.contains("jumprelu") && !study.contains("skip-transcoder"))
    #expect(try Command(["convert", "--help"]).output.contains("--to <layout>"))
  }

  /// No name of a file breaks a line, or reaches the terminal as it is.
  @Test func namesAreShownOnOneLine() throws {
    let missing = try Command(["info", folder.file("no\nsuch")])
    #expect(missing.status == 1 && missing.errorLines.count == 1, "\(missing.errors)")
    #expect(missing.errors.contains("no\\nsuch: expected"), "\(missing.errors)")
    let red = try Command(["evaluate", "--sae", "x", "--activations", "x\u{1B}[31mred\ny.npy"])
    #expect(red.errorLines.count == 1 && !red.errors.contains("\u{1B}"), "\(red.errors)")
    let unexpected = try Command(["info", "a", "b\nc"])
    #expect(unexpected.errors.contains("b\\nc"), "\(unexpected.errors)")
    let activations = try folder.writeActivations("a.safetensors", type: .f32)
    let run = try Command(
      ["train", "--activations", activations, "--out", folder.file("we\n\"ird")]
        + TrainCommandTests.small)
    #expect(run.status == 0 && run.output.contains("we\\n\"ird: topk"), "\(run.output)")
  }

  /// A file that is no configuration says what it is.
  @Test(arguments: [
    ("", "an empty file"), ("version https://git-lfs.github.com/spec/v1\nsize 7\n", "Git LFS"),
    ("<!DOCTYPE html><html></html>", "web page"), ("[1]", "another JSON value"),
    ("{\"a\": ", "malformed"),
  ])
  func configurations(_ text: String, _ found: String) throws {
    let file = folder.file("c.json")
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    let run = try Command(["study", "--config", file, "--out", folder.file("study")])
    #expect(run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
    #expect(
      run.errors.contains("c.json: expected a JSON object, found") && run.errors.contains(found),
      "\(run.errors)")
  }

  /// So does a checkpoint whose state is another file.
  @Test func statesOfCheckpoints() throws {
    let run = try train(
      [
        "--model", model, "--layer", "1", "--context", "20", "--tokens", tokens,
        "--checkpoint-every", "2",
      ], "run")
    let checkpoints = "\(run).checkpoints"
    let last = try #require(
      try FileManager.default.contentsOfDirectory(atPath: checkpoints).sorted().last)
    let state = "\(checkpoints)/\(last)/state.safetensors"
    for (text, found) in [
      ("", "an empty file"), ("version https://git-lfs.github.com/spec/v1\nsize 7\n", "Git LFS"),
    ] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: state))
      let resumed = try Command(["train", "--resume", "\(checkpoints)/\(last)"])
      #expect(resumed.status == 1, "\(resumed.errors)")
      #expect(
        resumed.errors.contains("state.safetensors: expected a checkpoint's state")
          && resumed.errors.contains(found), "\(resumed.errors)")
    }
  }

  @Test func unknownCommands() throws {
    try expectWrong(["eval", "--sae", "x"], "found \"eval\"; sae --help")
  }
}
