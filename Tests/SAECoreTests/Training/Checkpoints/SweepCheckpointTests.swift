import Foundation
import SAECore
import SAETestSupport
import Testing

/// Sweeps that are interrupted and go on from files, in a new object, against one that is not.
@Suite struct SweepCheckpointTests {
  static let source = Matrix.random(170, 12, seed: 4)

  static var options: TrainingOptions { TrainingSweepTests.sixSteps }

  /// One whose numbers are not finite after its first step.
  static var failing: TrainingOptions {
    var options = options
    options.schedule.learningRate = 1e30
    options.schedule.warmUpSteps = 0
    options.optimizer.clippingNorm = nil
    return options
  }

  static func base() throws -> TopKAutoencoder {
    try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 2), latentCount: 8, on: source, options: options
    ).trainer.model
  }

  static func add(to sweep: inout TrainingSweep) throws {
    try sweep.add(TopKConfiguration(k: 2), latentCount: 60)
    try sweep.add(TopKConfiguration(k: 2), latentCount: 30, options: failing)
    try sweep.add(JumpReLUConfiguration.controlledL0(4), latentCount: 40)
    try sweep.add(
      BoostingConfiguration(base: try base(), booster: BatchTopKConfiguration(meanK: 2)),
      latentCount: 10)
  }

  static func new() throws -> TrainingSweep {
    var sweep = try TrainingSweep(on: source, options: options)
    try add(to: &sweep)
    return sweep
  }

  /// What a step reported, to the bit, or why it did not.
  static func numbers(_ reports: [Result<StepReport, TrainingError>]) -> [String] {
    reports.map { report in
      switch report {
      case .success(let report): "\(CheckpointTests.bits(report))"
      case .failure(let error): error.description
      }
    }
  }

  static func bits(_ sweep: TrainingSweep) throws -> [[UInt32]] {
    sweep.checkpoint().members.map { CheckpointTests.bits($0.trainer.parameters) }
  }

  @Test(arguments: 0...6) func aSweepGoesOnToTheSameBits(stop: Int) throws {
    var whole = try Self.new()
    var reports: [[String]] = []
    while let found = try whole.step() { reports.append(Self.numbers(found)) }
    #expect(reports[5][1].contains("expected finite numbers"))

    let folder = try ScratchFolder()
    var first = try Self.new()
    for _ in 0..<stop { _ = try first.step() }
    let checkpoint = first.checkpoint(metadata: ["note": "n"])
    try checkpoint.write(to: folder.file("c"))
    // What goes on after it does not change it.
    _ = try first.step()
    let read = try SweepCheckpoint(contentsOf: folder.file("c"))
    #expect(read.step == stop && read.metadata == ["note": "n"])
    #expect(read.failures == checkpoint.failures)
    #expect(read.members.map(\.trainer) == checkpoint.members.map(\.trainer))

    var second = try TrainingSweep(on: Self.source, options: Self.options, from: read)
    #expect(second.stepsMade == stop)
    // Not added again yet, they stand where they stood.
    #expect(second.checkpoint().members == read.members)
    try Self.add(to: &second)
    #expect(second.checkpoint().members.map(\.trainer) == read.members.map(\.trainer))
    for step in stop..<6 {
      #expect(Self.numbers(try #require(try second.step())) == reports[step])
    }
    #expect(try second.step() == nil)
    #expect(try Self.bits(second) == Self.bits(whole))
  }

  @Test func otherMembersAreRefused() throws {
    var sweep = try Self.new()
    _ = try sweep.step()
    let checkpoint = sweep.checkpoint()
    func resumed() throws -> TrainingSweep {
      try TrainingSweep(on: Self.source, options: Self.options, from: checkpoint)
    }
    var few = try resumed()
    try few.add(TopKConfiguration(k: 2), latentCount: 60)
    #expect(
      throws: OptionError("member", expected: "4 members, as in the checkpoint", found: "1")
    ) { try few.step() }
    var many = try resumed()
    try Self.add(to: &many)
    #expect(
      throws: OptionError("member", expected: "4 members, as in the checkpoint", found: "another")
    ) { try many.add(TopKConfiguration(k: 2), latentCount: 60) }
    func setting(_ add: (inout TrainingSweep) throws -> Void) throws -> String? {
      var sweep = try resumed()
      do {
        try add(&sweep)
        return nil
      } catch FileError.invalidSetting(_, let setting, _, _) {
        return setting
      }
    }
    #expect(
      try setting { try $0.add(TopKConfiguration(k: 3), latentCount: 60) }
        == "configuration.k")
    #expect(
      try setting { try $0.add(TopKConfiguration(k: 2), latentCount: 61) }
        == "latents")
    #expect(
      try setting {
        try $0.add(TopKConfiguration(k: 2), latentCount: 60, options: Self.failing)
      } == "options.clippingNorm")
    #expect(
      try setting {
        try $0.add(BatchTopKConfiguration(meanK: 2), latentCount: 60)
      } == "model")
    #expect(throws: OptionError.self) {
      try TrainingSweep(
        on: Matrix.random(169, 12, seed: 4), options: Self.options, from: checkpoint)
    }
  }

  @Test func partsThatContradictEachOtherAreRefused() throws {
    var sweep = try Self.new()
    for _ in 0..<3 { _ = try sweep.step() }
    let good = sweep.checkpoint()
    let edits: [(inout SweepCheckpoint) -> Void] = [
      { $0.step = 2 }, { $0.step = -1 }, { $0.members = [] },
      { $0.members[3].scaling = .factor(.nan) },
      { $0.members.removeLast() }, { $0.failures.removeLast() }, { $0.failures[1] = nil },
      { $0.members[0].trainer.step = 2 }, { $0.members[2].scaling = .factor(1) },
      { $0.members[1].position.drawn += 1 },
    ]
    for (index, edit) in edits.enumerated() {
      var bad = good
      edit(&bad)
      #expect(throws: FileError.self, "edit \(index)") {
        try TrainingSweep(on: Self.source, options: Self.options, from: bad)
      }
    }
  }

  /// Bytes of the header changed in turn, and files missing: an error or a checkpoint, never a crash.
  @Test func whatIsCorruptIsRefused() throws {
    let folder = try ScratchFolder()
    var sweep = try Self.new()
    for _ in 0..<2 { _ = try sweep.step() }
    try sweep.checkpoint().write(to: folder.file("c"))
    let path = folder.file("c/sweep.json")
    let good = try #require(FileManager.default.contents(atPath: path))
    var generator = RandomGenerator(seed: 7)
    var refused = 0
    for attempt in 0..<200 {
      try good.damaged(attempt, &generator).write(to: URL(fileURLWithPath: path))
      do {
        let read = try SweepCheckpoint(contentsOf: folder.file("c"))
        _ = try TrainingSweep(on: Self.source, options: Self.options, from: read)
      } catch let error {
        #expect(error is FileError || error is OptionError, "\(error)")
        refused += 1
      }
    }
    #expect(refused > 100)
    // As version 1 wrote it, without a checksum of the header.
    let text = String(decoding: good, as: UTF8.self)
      .replacing("\"version\" : 2", with: "\"version\" : 1")
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    _ = try SweepCheckpoint(contentsOf: folder.file("c"))
    for (from, to) in [
      ("\"members\" : 4", "\"members\" : 5"), ("\"members\" : 4", "\"members\" : -1"),
      ("\"member\" : 1", "\"member\" : 4"), ("\"term\"", "\"word\""),
      ("\"version\" : 1", "\"version\" : 3"),
    ] {
      let bad = text.replacing(from, with: to)
      #expect(bad != text, "\(from)")
      try Data(bad.utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: FileError.self, "\(to)") {
        try SweepCheckpoint(contentsOf: folder.file("c"))
      }
    }
    try good.write(to: URL(fileURLWithPath: path))
    try FileManager.default.removeItem(atPath: folder.file("c/member-2"))
    #expect(throws: FileError.self) { try SweepCheckpoint(contentsOf: folder.file("c")) }
  }

  @Test func aFolderKeepsTheLast() throws {
    let scratch = try ScratchFolder()
    let folder = try CheckpointFolder(scratch.file("sweep"), keeping: 1)
    var sweep = try Self.new()
    try folder.write(sweep.checkpoint())
    while try sweep.step() != nil { try folder.write(sweep.checkpoint()) }
    #expect(folder.checkpoints == [try folder.latest()])
    #expect(try SweepCheckpoint(contentsOf: folder.latest()).step == 6)
  }
}
