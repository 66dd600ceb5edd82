import Foundation
import SAECore
import Testing

/// Directories that fill file by file, and pages: what is in them, and who else writes there.
@Suite struct SharedPlaceTests {
  let folder: ScratchFolder
  let model: String
  let tokens: String

  init() throws {
    folder = try ScratchFolder()
    model = try folder.writeModel()
    tokens = try folder.writeTokens(count: 3000)
  }

  private func harvest(_ out: String) -> [String] {
    [
      "harvest", "--model", model, "--tokens", tokens, "--out", out, "--layer", "1", "--context",
      "20", "--tokens-per-shard", "40",
    ]
  }

  private func study(_ out: String, steps: Int = 400) throws -> [String] {
    let domain = try folder.writeActivations("domain.safetensors", tokens: 1024)
    let broad = try folder.writeActivations("broad.safetensors", tokens: 1024) { $0 *= 2 }
    return [
      "study", "--domain-activations", domain, "--broad-activations", broad, "--latents", "64",
      "--architecture", "topk", "--sparsity", "2", "--seeds", "1", "--training-tokens",
      "\(steps * 128)", "--batch", "128", "--context", "16", "--held-out-tokens", "96", "--out",
      out,
    ]
  }

  /// What is beside the shards would be read as activations.
  @Test func aHarvestHasItsDirectoryForItself() throws {
    let mine = folder.file("mine")
    try FileManager.default.createDirectory(atPath: mine, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: tokens, toPath: "\(mine)/tokens.npy")
    let refused = try Command(harvest(mine))
    #expect(refused.status == 1 && refused.errors.contains("found \"tokens.npy\""))
    #expect(try FileManager.default.contentsOfDirectory(atPath: mine) == ["tokens.npy"])
    // A harvest of more tokens was there before.
    let out = folder.file("out")
    #expect(try Command(harvest(out)).status == 0)
    let fewer = try Command(harvest(out) + ["--max-tokens", "100"])
    #expect(fewer.status == 1, "\(fewer.errors)")
    #expect(try Command(harvest(out)).output.contains("nothing was left to do"))
    let names = try FileManager.default.contentsOfDirectory(atPath: out)
    #expect(names.count == 75 && names.allSatisfy { $0.hasSuffix(".safetensors") })
  }

  @Test func twoHarvestsDoNotShareADirectory() throws {
    let out = folder.file("out")
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    let first = try RunningCommand(harvest(out))
    // Whoever has the lock has written into it who that is.
    func isLocked() -> Bool {
      FileManager.default.contents(atPath: "\(out)/.lock")?.isEmpty == false
    }
    while first.isRunning, !isLocked() { usleep(200) }
    kill(first.identifier, SIGSTOP)
    let isHeld = isLocked()
    let second = try Command(harvest(out))
    kill(first.identifier, SIGCONT)
    #expect(try first.finish().status == 0)
    if isHeld {
      #expect(second.status == 1, "\(second.errors)")
      #expect(second.errors.contains("process \(first.identifier) on"), "\(second.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: "\(out)/.lock"))
  }

  /// Whichever way the directory is named; a study that was killed is no obstacle.
  @Test func twoStudiesDoNotShareADirectory() throws {
    let out = folder.file("study")
    let arguments = try study(out, steps: 100_000)
    let first = try RunningCommand(arguments)
    try first.waitForProgress()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: out)
    let before = try FileManager.default.contentsOfDirectory(atPath: out).sorted()
    for other in [arguments, ["study", "--out", folder.file("link")], ["demo", "--out", out]] {
      let second = try Command(other)
      #expect(second.status == 1, "\(second.errors)")
      #expect(second.errors.contains("process \(first.identifier) on"), "\(second.errors)")
      #expect(second.errors.split(separator: "\n").count == 1, "\(second.errors)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: out).sorted() == before)
    first.send(SIGKILL)
    _ = try first.finish()
    let next = try RunningCommand(arguments)
    try next.waitForProgress()
    next.send(SIGHUP)
    #expect(try next.finish().status == 128 + SIGHUP)
  }

  /// A log that cannot be written is said once, and the study comes to its end.
  @Test(.enabled(if: SmallDisk.isPossible, SmallDisk.absence))
  func aStudyGoesOnWithoutItsLogs() throws {
    let out = folder.file("study")
    let arguments = try study(out)
    let killed = try Command.kill(arguments) {
      FileManager.default.fileExists(atPath: "\(out)/logs")
    }
    try #require(killed)
    // In the place of the folder of logs a file, so that no log can be made.
    try FileManager.default.removeItem(atPath: "\(out)/logs")
    let full = try SmallDisk(folder.file("full"), size: "4k")
    let logs = full.path
    defer { withExtendedLifetime(full) {} }
    try FileManager.default.createSymbolicLink(atPath: "\(out)/logs", withDestinationPath: logs)
    let run = try Command(arguments)
    #expect(run.status == 0, "\(run.errors)")
    let warnings = run.errors.split(separator: "\n").filter { $0.contains("without this log") }
    #expect(!warnings.isEmpty && warnings.count <= 3, "\(run.errors)")
    #expect(warnings.allSatisfy { $0.contains("no space left") }, "\(warnings)")
    #expect(FileManager.default.fileExists(atPath: "\(out)/report/index.html"))
  }

  @Test func aPageIsReplacedLikeAnyResult() throws {
    let sae = folder.file("sae")
    let train = try Command(
      [
        "train", "--model", model, "--tokens", tokens, "--layer", "1", "--context", "20", "--out",
        sae,
      ] + TrainCommandTests.small)
    #expect(train.status == 0, "\(train.errors)")
    let out = folder.file("page")
    let inspect = [
      "inspect", "--sae", sae, "--model", model, "--tokens", tokens, "--context", "20", "--count",
      "200", "--out", out,
    ]
    #expect(try Command(inspect).status == 0)
    let names = ["index.html", "latents.json"]
    #expect(try FileManager.default.contentsOfDirectory(atPath: out).sorted() == names)
    let refused = try Command(inspect)
    #expect(refused.status == 1 && refused.errors.contains("--force replaces it"))
    #expect(!refused.errors.contains("running the model"))
    #expect(try Command(inspect + ["--force"]).status == 0)
    for (name, file) in [("site", "index.html"), ("site2", "style.css")] {
      let site = folder.file(name)
      try FileManager.default.createDirectory(atPath: site, withIntermediateDirectories: true)
      try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(site)/\(file)"))
      let run = try Command(inspect + ["--out", site, "--force"])
      #expect(run.status == 1 && run.errors.contains(file), "\(run.errors)")
      #expect(FileManager.default.contents(atPath: "\(site)/\(file)") == Data("mine".utf8))
    }
    for input in [sae, model] {
      let run = try Command(inspect + ["--out", input, "--force"])
      #expect(run.status == 1 && run.errors.contains("input"), "\(run.errors)")
    }
  }

  /// A name that is no UTF-8 stands beside one that looks like what text would make of it.
  @Test func namesThatAreNotUTF8AreRefusedByName() throws {
    let shards = folder.file("shards")
    try FileManager.default.createDirectory(atPath: shards, withIntermediateDirectories: true)
    let file = try folder.writeActivations("shards/caf\u{FFFD}.safetensors")
    let bytes = Array("\(shards)/caf".utf8CString.dropLast()) + [-23] + Array(".npy".utf8CString)
    let made = open(bytes, O_CREAT | O_WRONLY, 0o666)
    #expect(made >= 0)
    close(made)
    let train = ["train", "--activations", shards, "--out", folder.file("sae")]
    for arguments in [train + TrainCommandTests.small, ["info", shards]] {
      let run = try Command(arguments)
      #expect(run.status == 1, "\(run.errors)")
      #expect(run.errors.contains("found \"caf\\xE9.npy\""), "\(run.errors)")
    }
    // One that nobody would read does not matter.
    let other = Array("\(shards)/caf".utf8CString.dropLast()) + [-23] + Array(".txt".utf8CString)
    #expect(rename(bytes, other) == 0)
    let run = try Command(train + TrainCommandTests.small)
    #expect(run.status == 0, "\(run.errors)")
    #expect(FileManager.default.fileExists(atPath: file))
    let directory = Array("\(folder.path)/dir".utf8CString.dropLast()) + [-23, 0]
    #expect(mkdir(directory, 0o777) == 0)
    let inside = try Command(
      ["train", "--activations", shards, "--out", folder.file("sae2")] + TrainCommandTests.small,
      shell: "cd '\(folder.path)'/dir$'\\xe9' && exec \"$0\" \"$@\"")
    #expect(inside.status == 64 && inside.errors.contains("dir\\xE9"), "\(inside.errors)")
  }
}
