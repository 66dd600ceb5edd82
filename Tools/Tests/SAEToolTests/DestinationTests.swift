import Foundation
import SAECore
import Testing

/// Where commands write: what is there stays, and what has been made is not lost.
@Suite struct DestinationTests {
  let folder: ScratchFolder
  let activations: String
  /// An autoencoder to encode with and to convert.
  let sae: String

  init() throws {
    folder = try ScratchFolder()
    activations = try folder.writeActivations("a.safetensors")
    sae = folder.file("trained")
    let run = try Command(
      ["train", "--activations", activations, "--out", sae] + TrainCommandTests.small)
    #expect(run.status == 0, "\(run.errors)")
  }

  private func make(_ name: String, _ files: [String: String] = [:]) throws -> String {
    let path = folder.file(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (file, text) in files {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(file)"))
    }
    return path
  }

  /// All files below a path, with their contents.
  private func contents(_ path: String) -> [String: Data] {
    var found: [String: Data] = [:]
    for name in (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? [] {
      found[name] = FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data()
    }
    return found
  }

  /// Commands that write to a destination: a directory, or a file.
  private func directoryCommands(_ out: String) -> [[String]] {
    [
      ["train", "--activations", activations, "--out", out] + TrainCommandTests.small,
      ["convert", sae, out, "--to", "saelens"],
    ]
  }

  private func fileCommands(_ out: String) -> [[String]] {
    [
      ["encode", "--sae", sae, "--activations", activations, "--out", out],
      ["convert", activations, out, "--to", "safetensors"],
      ["convert", sae, out, "--to", "safetensors"],
    ]
  }

  /// With `--force` as without.
  @Test func whatIsNotOursStays() throws {
    let strangers: [[String: String]] = [
      ["notes": "mine"], ["cfg.json": "{}"], ["index.html": "<html>"],
      ["sae_weights.safetensors": "x", "cfg.json": "{}", "thesis.tex": "mine"],
      ["sae_weights.safetensors": "x", "latents.json": "{}"],
    ]
    for (number, files) in strangers.enumerated() {
      let out = try make("stranger\(number)", files)
      let before = contents(out)
      for arguments in directoryCommands(out) + fileCommands(out) {
        for force in [[], ["--force"]] {
          let run = try Command(arguments + force)
          #expect(run.status == 1 && run.errorLines.count == 1, "\(arguments): \(run.errors)")
          #expect(run.errors.contains(out), "\(run.errors)")
          #expect(!run.errors.contains("--force replaces"), "\(run.errors)")
          #expect(contents(out) == before)
        }
      }
    }
    let named = try Command(
      directoryCommands(folder.file("stranger3"))[0] + ["--force"])
    #expect(named.errors.contains("found \"thesis.tex\""), "\(named.errors)")
    // A folder in it, a link among its files.
    let nested = try make("nested", ["sae_weights.safetensors": "x"])
    _ = try make("nested/more", ["data": "mine"])
    let linked = try make("linked", ["cfg.json": "{}"])
    try FileManager.default.createSymbolicLink(
      atPath: "\(linked)/sae_weights.safetensors", withDestinationPath: activations)
    for (out, name) in [(nested, "more"), (linked, "sae_weights.safetensors")] {
      let before = contents(out)
      for arguments in directoryCommands(out) {
        let run = try Command(arguments + ["--force"])
        #expect(run.status == 1 && run.errors.contains("found \"\(name)\""), "\(run.errors)")
        #expect(contents(out) == before)
      }
    }
    let file = folder.file("file")
    try Data("mine".utf8).write(to: URL(fileURLWithPath: file))
    for arguments in directoryCommands(file) + fileCommands(file) {
      let run = try Command(arguments + ["--force"])
      #expect(run.status == 1 && run.errorLines.count == 1, "\(arguments): \(run.errors)")
      #expect(FileManager.default.contents(atPath: file) == Data("mine".utf8))
    }
  }

  @Test func whatIsOursGivesWayWhenTold() throws {
    for index in directoryCommands("").indices {
      let out = folder.file("again\(index)")
      try FileManager.default.copyItem(atPath: sae, toPath: out)
      try Data("old".utf8).write(to: URL(fileURLWithPath: "\(out)/sparsity.safetensors"))
      let arguments = directoryCommands(out)[index]
      let refused = try Command(arguments)
      #expect(refused.status == 1 && refused.errors.contains("--force replaces it"))
      #expect(contents(out)["sparsity.safetensors"] == Data("old".utf8))
      let forced = try Command(arguments + ["--force"])
      #expect(forced.status == 0, "\(forced.errors)")
      #expect(contents(out).keys.sorted() == ["cfg.json", "sae_weights.safetensors"])
    }
    for index in fileCommands("").indices {
      let out = folder.file("latents\(index)")
      let arguments = fileCommands(out)[index]
      #expect(try Command(arguments).status == 0)
      let refused = try Command(arguments)
      #expect(refused.status == 1 && refused.errors.contains("--force replaces it"))
      #expect(try Command(arguments + ["--force"]).status == 0)
    }
    #expect(!folder.names.contains { $0.hasPrefix(".") }, "\(folder.names)")
  }

  /// By whatever name: the real one, one with dots, a link.
  @Test func noInputIsReplaced() throws {
    let data = try make("data")
    try FileManager.default.copyItem(atPath: activations, toPath: "\(data)/sae_weights.safetensors")
    let input = "\(data)/sae_weights.safetensors"
    let link = folder.file("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: data)
    let before = contents(data)
    for out in [data, "\(data)/", "\(data)/../data", link, "\(link)/."] {
      for given in [input, "\(link)/sae_weights.safetensors", data] {
        let run = try Command(
          ["train", "--activations", given, "--out", out, "--force"] + TrainCommandTests.small)
        #expect(run.status == 1, "\(out): \(run.errors)")
        #expect(run.errors.contains("input") && run.errors.contains(given), "\(run.errors)")
        #expect(contents(data) == before)
      }
    }
    let own = try Command(["convert", sae, sae, "--to", "saelens", "--force"])
    #expect(own.status == 1 && own.errors.contains("input"), "\(own.errors)")
    for out in [activations, sae] {
      let run = try Command(
        ["encode", "--sae", sae, "--activations", activations, "--out", out, "--force"])
      #expect(run.status == 1 && run.errors.contains("input"), "\(run.errors)")
    }
    // A link in the directory that leads to an input elsewhere.
    let links = try make("links")
    try FileManager.default.createSymbolicLink(
      atPath: "\(links)/cfg.json", withDestinationPath: activations)
    let run = try Command(
      ["train", "--activations", "\(links)/cfg.json", "--out", links, "--force"]
        + TrainCommandTests.small)
    #expect(run.status == 1 && run.errors.contains("input"), "\(run.errors)")
  }

  @Test func theWorkingDirectoryAndThoseAboveItStay() throws {
    let here = try make("here/below")
    for out in [".", "..", here, folder.file("here"), "../../here/.", "/"] {
      for arguments in [
        ["train", "--activations", activations, "--out", out] + TrainCommandTests.small,
        ["convert", sae, out, "--to", "saelens"],
      ] {
        for force in [[], ["--force"]] {
          let run = try Command(arguments + force, in: here)
          #expect(run.status == 1 && run.errorLines.count <= 1, "\(out): \(run.errors)")
          #expect(FileManager.default.fileExists(atPath: here))
        }
      }
    }
    let run = try Command(["convert", sae, "sae", "--to", "saelens"], in: here)
    #expect(run.status == 0, "\(run.errors)")
  }

  /// The old autoencoder and its checkpoints are there until the new one is.
  @Test func theOldRunStaysUntilTheNewOneIsComplete() throws {
    let out = folder.file("run")
    let train = ["train", "--activations", activations, "--out", out]
    let first = train + TrainCommandTests.small + ["--checkpoint-every", "10"]
    #expect(try Command(first).status == 0)
    let old = contents(out)
    let oldCheckpoints = contents("\(out).checkpoints")
    #expect(!oldCheckpoints.isEmpty)
    let long = [
      "--latents", "512", "--k", "8", "--steps", "100000", "--batch", "512", "--force",
      "--checkpoint-every", "20",
    ]
    let running = try RunningCommand(train + long)
    try running.waitForProgress()
    while running.isRunning, contents("\(out).checkpoints.new").isEmpty { usleep(10000) }
    running.send(SIGTERM)
    let ended = try running.finish()
    #expect(ended.status == 128 + SIGTERM, "\(ended.errors)")
    #expect(contents(out) == old)
    #expect(contents("\(out).checkpoints") == oldCheckpoints)
    // A third run replaces neither, the second goes on.
    let third = try Command(first + ["--force"])
    #expect(third.status == 1 && third.errors.contains("checkpoints.new"), "\(third.errors)")
    #expect(ended.errors.contains("\(out).checkpoints.new/step-"), "\(ended.errors)")
    try FileManager.default.removeItem(atPath: "\(out).checkpoints.new")
    let forced = try Command(
      train + TrainCommandTests.small + ["--force", "--checkpoint-every", "7", "--seed", "1"])
    #expect(forced.status == 0, "\(forced.errors)")
    #expect(contents(out) != old)
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(out).checkpoints")
    #expect(names.sorted() == ["step-000000000014", "step-000000000020"])
    #expect(!FileManager.default.fileExists(atPath: "\(out).checkpoints.new"))
  }

  @Test func linksAreResolvedBeforeTheRun() throws {
    let target = try make("elsewhere/target")
    for (name, destination) in [
      ("toEmpty", target), ("dangling", folder.file("elsewhere/new")),
      ("relative", "elsewhere/other"), ("twice", folder.file("dangling2")),
    ] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file(name), withDestinationPath: destination)
    }
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("dangling2"), withDestinationPath: "elsewhere/third")
    for (name, place) in [
      ("toEmpty", target), ("dangling", folder.file("elsewhere/new")),
      ("relative", folder.file("elsewhere/other")), ("twice", folder.file("elsewhere/third")),
    ] {
      let run = try Command(
        ["train", "--activations", activations, "--out", folder.file(name)]
          + TrainCommandTests.small)
      #expect(run.status == 0, "\(run.errors)")
      #expect(try SAEArchive.read(place).archive.latentCount == 24)
      // The link is one still.
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file(name)) != "")
    }
    for (name, destination) in [
      ("nowhere", folder.file("no/such/place")), ("loop", folder.file("loop")),
    ] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file(name), withDestinationPath: destination)
      for arguments in directoryCommands(folder.file(name)) + fileCommands(folder.file(name)) {
        let run = try Command(arguments)
        #expect(run.status == 1 && run.errorLines.count <= 1, "\(run.errors)")
        #expect(!run.errors.contains("20/20"), "refused before the run")
      }
    }
  }

  /// What happens to the destination while a run goes on.
  enum Change: CaseIterable {
    case directoryAppears
    case fileAppears
    case parentRenamed
    case parentRemoved
    case parentReplacedByFile
    case inputsRemoved
    case inputsMoved
    case otherDirectoryInPlaceOfParent
  }

  /// The result is there, or the message says where it is.
  @Test(arguments: Change.allCases)
  func aFinishedTrainingIsNotThrownAway(_ change: Change) throws {
    let manager = FileManager.default
    let parent = try make("parent")
    let input = folder.file("input.safetensors")
    try manager.copyItem(atPath: activations, toPath: input)
    let out = "\(parent)/sae"
    let here = try make("here")
    let arguments = [
      "train", "--activations", input, "--out", out, "--latents", "128", "--k", "8", "--batch",
      "512", "--steps", "300",
    ]
    let reference = try Command(
      arguments.map { $0 == out ? folder.file("reference") : $0 })
    #expect(reference.status == 0)
    let running = try RunningCommand(arguments, in: here)
    try running.waitForProgress()
    switch change {
    case .directoryAppears: _ = try make("parent/sae", ["mine": "mine"])
    case .fileAppears: try Data("mine".utf8).write(to: URL(fileURLWithPath: out))
    case .parentRenamed: try manager.moveItem(atPath: parent, toPath: folder.file("moved"))
    case .parentRemoved: try manager.removeItem(atPath: parent)
    case .parentReplacedByFile:
      try manager.removeItem(atPath: parent)
      try Data("mine".utf8).write(to: URL(fileURLWithPath: parent))
    case .inputsRemoved: try manager.removeItem(atPath: input)
    case .inputsMoved: try manager.moveItem(atPath: input, toPath: folder.file("elsewhere"))
    case .otherDirectoryInPlaceOfParent:
      try manager.moveItem(atPath: parent, toPath: folder.file("moved"))
      _ = try make("parent")
    }
    let run = try running.finish()
    var place = out
    switch change {
    case .directoryAppears, .fileAppears, .parentRenamed, .parentReplacedByFile:
      #expect(run.status == 1, "\(run.errors)")
      let words = run.errors.split(separator: " ")
      let kept = try #require(words.firstIndex(of: "as"), "\(run.errors)")
      place = String(words[kept + 1])
      #expect(run.errors.contains("mv \(place) \(out)"), "\(run.errors)")
    case .parentRemoved, .inputsRemoved, .inputsMoved, .otherDirectoryInPlaceOfParent:
      #expect(run.status == 0, "\(run.errors)")
    }
    #expect(
      manager.contents(atPath: "\(place)/sae_weights.safetensors")
        == manager.contents(atPath: folder.file("reference/sae_weights.safetensors")),
      "\(run.errors)")
    let places = [parent, folder.file("moved"), here, folder.path]
    for name in places.flatMap({ (try? manager.contentsOfDirectory(atPath: $0)) ?? [] }) {
      #expect(!name.hasSuffix(".partial") && !name.hasSuffix(".lock"), "\(name)")
    }
  }

  @Test(arguments: ["rename", "directory", "remove"])
  func encodedLatentsAreNotThrownAway(_ change: String) throws {
    let manager = FileManager.default
    let parent = try make("parent")
    let out = "\(parent)/latents"
    let many = try folder.writeActivations("many.safetensors", tokens: 400_000)
    let running = try RunningCommand(
      ["encode", "--sae", sae, "--activations", many, "--out", out])
    // Until latents have been written: both of the command's files are open then.
    func hasBegun() throws -> Bool {
      try manager.contentsOfDirectory(atPath: parent).contains { name in
        guard name.hasSuffix(".partial") else { return false }
        let attributes = try? manager.attributesOfItem(atPath: "\(parent)/\(name)")
        return attributes?[.size] as? UInt64 ?? 0 > 0
      }
    }
    while running.isRunning, try !hasBegun() { usleep(500) }
    switch change {
    case "rename": try manager.moveItem(atPath: parent, toPath: folder.file("moved"))
    case "directory": _ = try make("parent/latents", ["mine": "mine"])
    default: try manager.removeItem(atPath: parent)
    }
    let run = try running.finish()
    var place = out
    if change != "remove" {
      #expect(run.status == 1, "\(run.errors)")
      let words = run.errors.split(separator: " ")
      place = String(words[try #require(words.firstIndex(of: "as"), "\(run.errors)") + 1])
    } else {
      #expect(run.status == 0, "\(run.errors)")
    }
    #expect(try SparseLatentsFile(place).tokens == 400_000)
  }

  /// What a killed process leaves is hidden, and goes with the next at the same place.
  @Test func whatAKilledProcessLeavesGoes() throws {
    let manager = FileManager.default
    let parent = try make("parent")
    let many = try folder.writeActivations("many.safetensors", tokens: 400_000)
    let encode = ["encode", "--sae", sae, "--activations", many, "--out", "\(parent)/latents"]
    func partials() throws -> [String] {
      try manager.contentsOfDirectory(atPath: parent).filter { $0.hasSuffix(".partial") }
    }
    let killed = try Command.kill(encode) { (try? partials().isEmpty) == false }
    try #require(killed)
    let left = try partials()
    #expect(!left.isEmpty && left.allSatisfy { $0.hasPrefix(".latents.") }, "\(left)")
    let run = try Command(encode)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try manager.contentsOfDirectory(atPath: parent) == ["latents"])
  }

  /// The second process is refused in one line that names the first, and what a killed one has left is
  /// no obstacle.
  @Test func twoRunsDoNotWriteToOneDestination() throws {
    let out = folder.file("run")
    let long = [
      "train", "--activations", activations, "--out", out, "--latents", "512", "--k", "8",
      "--steps", "100000", "--batch", "512",
    ]
    let first = try RunningCommand(long)
    try first.waitForProgress()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: out)
    for path in [out, folder.file("link"), "\(folder.path)/./run/"] {
      for arguments in directoryCommands(path) {
        let second = try Command(arguments + ["--force"])
        #expect(second.status == 1 && second.errors.split(separator: "\n").count == 1)
        #expect(second.errors.contains("process \(first.identifier) on"), "\(second.errors)")
      }
    }
    first.send(SIGKILL)
    _ = try first.finish()
    #expect(folder.names.contains(".run.lock"))
    let next = try Command(directoryCommands(out)[0])
    #expect(next.status == 0, "\(next.errors)")
    #expect(!folder.names.contains { $0.hasPrefix(".") }, "\(folder.names)")
  }
}
