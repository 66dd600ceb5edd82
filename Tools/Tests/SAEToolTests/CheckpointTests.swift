import Foundation
import SAECore
import Testing

/// Runs that are interrupted in every way, and go on to the bits of one that was not.
@Suite(.serialized) struct CheckpointTests {
  static let small = ["--latents", "24", "--k", "3", "--batch", "64"]

  /// The weights that a run ends with that nobody disturbs.
  static func undisturbed(_ folder: ScratchFolder, _ arguments: [String]) throws -> Data {
    let run = try Command(["train", "--out", folder.file("undisturbed")] + arguments)
    #expect(run.status == 0, "\(run.errors)")
    return try folder.weights("undisturbed")
  }

  /// A run that gets a signal when it has begun.
  static func interrupted(
    _ folder: ScratchFolder, _ signal: Int32, _ arguments: [String]
  ) throws -> Command {
    let running = try RunningCommand(["train", "--out", folder.file("sae")] + arguments)
    try running.waitForProgress()
    running.send(signal)
    return try running.finish()
  }

  static func checkpoints(_ folder: ScratchFolder, _ out: String) throws -> [String] {
    try CheckpointFolder(folder.file("\(out).checkpoints")).checkpoints
  }

  @Test(arguments: [("jumprelu", SIGINT), ("batchtopk", SIGTERM), ("matryoshka", SIGHUP)])
  func aSignalEndsTheRunWithACheckpoint(_ architecture: String, _ signal: Int32) throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let arguments =
      ["--activations", activations, "--architecture", architecture, "--steps", "300"] + Self.small
    let reference = try Self.undisturbed(folder, arguments)
    var ended = try Self.interrupted(folder, signal, arguments)
    // On a busy machine the run may be over before the signal is sent.
    for _ in 0..<10 where ended.status == 0 {
      ended = try Self.interrupted(folder, signal, arguments + ["--force"])
    }
    #expect(ended.status == 128 + signal, "\(ended.errors)")
    let checkpoint = try #require(try Self.checkpoints(folder, "sae").last)
    #expect(ended.errors.contains("--resume \(checkpoint)"), "\(ended.errors)")
    // By the checkpoint or its folder, with options that say the same.
    let resumed = try Command([
      "train", "--resume", folder.file("sae.checkpoints"), "--k", "3", "--activations", activations,
      "--steps", "300", "--force",
    ])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.weights("sae") == reference)
    let again = try Command(["train", "--resume", checkpoint, "--out", folder.file("other")])
    #expect(again.status == 0, "\(again.errors)")
    #expect(try folder.weights("other") == reference)
    #expect(try Self.checkpoints(folder, "other").isEmpty)
  }

  /// A step that takes seconds is not waited for.
  @Test func aSecondSignalEndsTheRunAtOnce() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let running = try RunningCommand([
      "train", "--out", folder.file("sae"), "--activations", activations, "--latents", "2048",
      "--k", "32", "--batch", "10000", "--steps", "100",
    ])
    try running.waitForProgress()
    running.send(SIGINT)
    running.send(SIGTERM)
    let ended = try running.finish()
    #expect(ended.status == 128 + SIGINT || ended.status == 128 + SIGTERM, "\(ended.errors)")
    #expect(try Self.checkpoints(folder, "sae").isEmpty)
  }

  /// A terminal that is closed sends two: neither is taken for impatience.
  @Test func aSecondHangUpIsThatOfTheFirst() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let running = try RunningCommand([
      "train", "--out", folder.file("sae"), "--activations", activations, "--latents", "1024",
      "--k", "32", "--batch", "4000", "--steps", "1000",
    ])
    try running.waitForProgress()
    running.send(SIGHUP)
    running.send(SIGHUP)
    let ended = try running.finish()
    #expect(ended.status == 128 + SIGHUP, "\(ended.errors)")
    #expect(try Self.checkpoints(folder, "sae").count == 1)
  }

  /// What nohup starts does not end when the terminal is closed.
  @Test func underNohupAHangUpIsNone() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let running = try RunningCommand(
      ["train", "--out", folder.file("sae"), "--activations", activations, "--steps", "200"]
        + Self.small, shell: "trap '' HUP; exec \"$0\" \"$@\"")
    try running.waitForProgress()
    running.send(SIGHUP)
    #expect(try running.finish().status == 0)
  }

  /// Thirty times, at moments that a seed decides: counted from the start, and in turn from the first
  /// checkpoint that the process has written. Most of a run's time goes into writing them here.
  @Test func aKilledRunEndsWithTheSameBits() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let arguments =
      ["--activations", activations, "--architecture", "jumprelu", "--steps", "60"] + Self.small
    let reference = try Self.undisturbed(folder, arguments)
    var generator = RandomGenerator(seed: 30)
    var (kills, runs, resumed) = (0, 0, 0)
    func start(_ run: String) throws -> RunningCommand {
      let isBegun = !(try Self.checkpoints(folder, run)).isEmpty
      if isBegun { resumed += 1 }
      return try RunningCommand(
        isBegun
          ? ["train", "--resume", folder.file("\(run).checkpoints"), "--force"]
          : ["train", "--out", folder.file(run), "--checkpoint-every", "1"] + arguments)
    }
    while kills < 30 {
      let run = "run\(runs)"
      let before = try Self.checkpoints(folder, run).last
      let running = try start(run)
      if kills % 2 == 0 {
        while running.isRunning, try Self.checkpoints(folder, run).last == before { usleep(500) }
        usleep(UInt32(generator.index(below: 80_000)))
      } else {
        usleep(UInt32(generator.index(below: 300_000)))
      }
      running.send(SIGKILL)
      let ended = try running.finish()
      for checkpoint in try Self.checkpoints(folder, run) {
        _ = try TrainingCheckpoint(contentsOf: checkpoint)
      }
      if ended.status == 128 + SIGKILL {
        kills += 1
      } else {
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try folder.weights(run) == reference)
        runs += 1
      }
    }
    let last = try start("run\(runs)").finish()
    #expect(last.status == 0, "\(last.errors)")
    #expect(try folder.weights("run\(runs)") == reference)
    #expect(resumed > 0)
    print("killed \(kills) times, went on \(resumed) times, \(runs + 1) runs")
  }

  static let large = ["--latents", "256", "--k", "3", "--batch", "64", "--steps", "40"]

  /// On a file system with room for one checkpoint and a half.
  @Test(.enabled(if: SmallDisk.isPossible, SmallDisk.absence))
  func aFullDiskLeavesTheEarlierCheckpoint() throws {
    let folder = try ScratchFolder()
    let mounted = try SmallDisk(folder.file("disk"), size: "100k")
    defer { withExtendedLifetime(mounted) {} }
    let disk = mounted.path
    let activations = try folder.writeActivations("a.safetensors")
    let arguments = ["--activations", activations] + Self.large
    let reference = try Self.undisturbed(folder, arguments)
    let full = try Command(
      ["train", "--out", "\(disk)/sae", "--checkpoint-every", "10"] + arguments)
    #expect(full.status == 1)
    #expect(full.errorLines.isEmpty || full.errorLines.count == 1, "\(full.errors)")
    #expect(full.errors.contains("no space left on the disk"), "\(full.errors)")
    #expect(full.errors.contains("step-000000000020"), "\(full.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: "\(disk)/sae.checkpoints")
    #expect(left == ["step-000000000010"])
    #expect(mounted.resize("4m"))
    let resumed = try Command(["train", "--resume", "\(disk)/sae.checkpoints"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.weights("disk/sae") == reference)
  }

  /// The same where no file may grow, as with a quota.
  @Test func aRefusedWriteLeavesTheEarlierCheckpoint() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    // Long enough to be killed before it ends.
    let arguments = ["--activations", activations] + Self.large + ["--steps", "200"]
    let reference = try Self.undisturbed(folder, arguments)
    let running = try RunningCommand(
      ["train", "--out", folder.file("sae"), "--checkpoint-every", "10"] + arguments)
    while running.isRunning, try Self.checkpoints(folder, "sae").isEmpty { usleep(500) }
    running.send(SIGKILL)
    try #require(try running.finish().status == 128 + SIGKILL)
    let before = try Self.checkpoints(folder, "sae")
    let refused = try RunningCommand(
      ["train", "--resume", folder.file("sae.checkpoints"), "--keep-checkpoints", "9"],
      shell: "ulimit -f 16 && exec \"$0\" \"$@\""
    ).finish()
    #expect(refused.status == 1, "\(refused.errors)")
    #expect(refused.errors.contains("cannot write"), "\(refused.errors)")
    #expect(refused.errors.split(separator: "\n").count { $0.hasPrefix("Error") } == 1)
    #expect(try Self.checkpoints(folder, "sae") == before)
    let resumed = try Command(["train", "--resume", folder.file("sae.checkpoints")])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.weights("sae") == reference)
  }

  @Test func whatContradictsACheckpointIsRefused() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let begun = try Command(
      [
        "train", "--activations", activations, "--out", folder.file("sae"), "--checkpoint-every",
        "5", "--keep-checkpoints", "3", "--steps", "20", "--lr", "0.01",
      ] + Self.small)
    #expect(begun.status == 0, "\(begun.errors)")
    #expect(try Self.checkpoints(folder, "sae").map { $0.suffix(2) } == ["10", "15", "20"])
    let resume = ["train", "--resume", folder.file("sae.checkpoints"), "--force"]
    for option in [
      ["--k", "4"], ["--latents", "25"], ["--architecture", "relu"], ["--seed", "1"],
      ["--batch", "32"], ["--lr", "0.02"], ["--steps", "21"], ["--epochs", "3"],
      ["--tokens", "64"], ["--warm-up", "1"], ["--decay", "1"], ["--b-dec", "zeros"],
      ["--sparsity", "1"],
      ["--normalization-rows", "10"], ["--normalization", "layer_norm"],
      ["--tensor", "activations"],
    ] {
      let run = try Command(resume + option)
      #expect(run.status == 64, "\(option): \(run.errors)")
      #expect(run.errors.contains(option[0]), "\(run.errors)")
    }
    #expect(try Command(resume + ["--lr", "1e-2", "--tokens", "1280"]).status == 0)
    // Fewer rows, or other ones in number, are another stream.
    let other = try folder.writeActivations("b.safetensors", tokens: 500)
    let moved = try Command(resume + ["--activations", other])
    #expect(moved.status == 1 && moved.errors.contains("600"), "\(moved.errors)")
    // A new run does not mix its checkpoints with those of an old one.
    try FileManager.default.removeItem(atPath: folder.file("sae"))
    let fresh =
      ["train", "--activations", activations, "--out", folder.file("sae"), "--steps", "5"]
      + Self.small
    let refused = try Command(fresh)
    #expect(refused.status == 1 && refused.errors.contains("--force"), "\(refused.errors)")
    #expect(try Command(fresh + ["--force"]).status == 0)
    #expect(try Self.checkpoints(folder, "sae").isEmpty)
  }

  /// With a model for a source, whose place and way of running are part of the run.
  @Test func aRunOnAModelGoesOn() throws {
    let folder = try ScratchFolder()
    let model = try folder.writeModel()
    let tokens = try folder.writeTokens(count: 700)
    let arguments =
      [
        "--model", model, "--tokens", tokens, "--layer", "1", "--context", "20", "--bos", "3",
        "--steps", "60",
      ] + Self.small
    let reference = try Self.undisturbed(folder, arguments)
    _ = try Command.kill(
      ["train", "--out", folder.file("sae"), "--checkpoint-every", "1"] + arguments
    ) { ((try? Self.checkpoints(folder, "sae")) ?? []).count > 1 }
    let resume = ["train", "--resume", folder.file("sae.checkpoints"), "--force"]
    for option in [
      ["--context", "21"], ["--bos", "none"], ["--layer", "0"], ["--keep-bos"],
      ["--max-tokens", "600"], ["--activations", tokens],
    ] {
      #expect(try Command(resume + option).status == 64, "\(option)")
    }
    let resumed = try Command(resume + ["--sequences", "3"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.weights("sae") == reference)
  }

  /// Every file under a folder with its content.
  private static func contents(_ path: String) throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
      contents[name] = FileManager.default.contents(atPath: "\(path)/\(name)")
    }
    return contents
  }

  /// A run that goes on elsewhere has a folder of its own.
  @Test func aBranchLeavesTheCheckpointsOfTheRunAlone() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let begun = try Command(
      [
        "train", "--activations", activations, "--out", folder.file("sae"), "--checkpoint-every",
        "5", "--keep-checkpoints", "9", "--steps", "20",
      ] + Self.small)
    #expect(begun.status == 0, "\(begun.errors)")
    let before = try Self.contents(folder.file("sae.checkpoints"))
    let all = try Self.checkpoints(folder, "sae")
    #expect(all.count == 4)
    let branch = ["train", "--resume", all[1], "--out", folder.file("branch")]
    let branched = try Command(branch)
    #expect(branched.status == 0, "\(branched.errors)")
    #expect(try folder.weights("branch") == folder.weights("sae"))
    #expect(try Self.contents(folder.file("sae.checkpoints")) == before)
    #expect(try Self.checkpoints(folder, "branch").map { $0.suffix(2) } == ["15", "20"])
    // The branch's own checkpoints are not mixed with those of another.
    try FileManager.default.removeItem(atPath: folder.file("branch"))
    let again = try Command(branch)
    #expect(again.status == 1 && again.errors.contains("branch.checkpoints"), "\(again.errors)")
    #expect(try Command(branch + ["--force"]).status == 0)
    #expect(try Self.contents(folder.file("sae.checkpoints")) == before)
    // At its own place it goes on from the last one, or says what is after it.
    let earlier = try Command(["train", "--resume", all[1], "--force"])
    #expect(earlier.status == 0, "\(earlier.errors)")
    try FileManager.default.removeItem(atPath: folder.file("sae"))
    let refused = try Command(["train", "--resume", all[1]])
    #expect(
      refused.status == 1 && refused.errors.contains("step-000000000020"), "\(refused.errors)")
    #expect(try Self.contents(folder.file("sae.checkpoints")) == before)
    // By another name of the same folder.
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: folder.file("sae.checkpoints"))
    let last = try Command(["train", "--resume", folder.file("link")])
    #expect(last.status == 0, "\(last.errors)")
    #expect(try folder.weights("sae") == folder.weights("branch"))
  }

  @Test func aCorruptCheckpointIsRefused() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let begun = try Command(
      [
        "train", "--activations", activations, "--out", folder.file("sae"), "--checkpoint-every",
        "5", "--steps", "10",
      ] + Self.small)
    #expect(begun.status == 0, "\(begun.errors)")
    let last = try #require(try Self.checkpoints(folder, "sae").last)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(last)/state.safetensors"))
    bytes[bytes.count - 3] ^= 1
    try bytes.write(to: URL(fileURLWithPath: "\(last)/state.safetensors"))
    for path in [folder.file("sae.checkpoints"), last] {
      let run = try Command(["train", "--resume", path, "--force"])
      #expect(run.status == 1)
      #expect(run.errorLines.count == 1 && run.errors.contains(last), "\(run.errors)")
    }
    let first = try #require(try Self.checkpoints(folder, "sae").first)
    #expect(try Command(["train", "--resume", first, "--force"]).status == 0)
    for path in [folder.path, folder.file("none")] {
      let run = try Command(["train", "--resume", path])
      #expect(run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
    }
  }
}
