import Foundation
import SAECore
import Synchronization
import Testing

@testable import SAEStudy

/// Studies that are stopped at some event and go on, against one that is not.
@Suite(.serialized) struct StudyInterruptionTests {
  private func configuration() -> StudyConfiguration {
    var configuration = StudyConfiguration.demo(seed: 3)
    configuration.architecture = "jumprelu"
    configuration.latents = [24]
    configuration.sparsity = [2, 4]
    configuration.seeds = 1
    configuration.streamTokens = 2048
    configuration.trainingTokens = 12 * 256
    configuration.batch = 256
    configuration.heldOutTokens = 1024
    return configuration
  }

  private struct Stop: Error {}

  /// Runs a study until an event, which ends it; returns all of them.
  @discardableResult
  private func run(
    _ configuration: StudyConfiguration, in directory: String, checkpointSteps: Int? = nil,
    until isLast: @escaping @Sendable (StudyEvent) -> Bool
  ) throws -> [StudyEvent] {
    var study = try Study(demo: configuration, directory: directory)
    study.checkpointSteps = checkpointSteps
    let events = Mutex<[StudyEvent]>([])
    do {
      _ = try study.run { event in
        events.withLock { $0.append(event) }
        if isLast(event) { throw Stop() }
      }
    } catch is Stop {}
    return events.withLock { $0 }
  }

  private func finish(_ configuration: StudyConfiguration, in directory: String) throws
    -> [StudyEvent]
  {
    try run(configuration, in: directory) { _ in false }
  }

  private static func steps(_ events: [StudyEvent]) -> [Int] {
    events.compactMap { if case .training(_, let step, _) = $0 { step } else { nil } }
  }

  private func read(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  /// A log without the times.
  private func log(_ path: String) throws -> [[Substring]] {
    String(decoding: try read(path), as: UTF8.self).split(separator: "\n").map { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      return [cells[0]] + cells.dropFirst(2)
    }
  }

  private func expectEqual(_ one: String, _ other: String) throws {
    for file in ["results.json", "report/index.html"] {
      #expect(try read("\(one)/\(file)") == read("\(other)/\(file)"), "\(file)")
    }
    for plan in configuration().plans {
      let part = plan.arm == .boosted ? "/booster" : ""
      let weights = "saes/\(plan.name)\(part)/sae_weights.safetensors"
      #expect(try read("\(one)/\(weights)") == read("\(other)/\(weights)"), "\(plan.name)")
      let table = "logs/\(plan.name).csv"
      #expect(try log("\(one)/\(table)") == log("\(other)/\(table)"), "\(plan.name)")
    }
    #expect(try StudyFolder(one, configuration()).checkpoints().checkpoints == [])
  }

  /// In both passes, before and after a checkpoint that was due anyway, and while it measures.
  @Test func aStudyThatIsStoppedGoesOnToTheSameBits() throws {
    let folder = try ScratchFolder()
    let whole = folder.file("whole")
    #expect(Self.steps(try finish(configuration(), in: whole)) == Array(1...12) + Array(1...12))
    let stopped = folder.file("stopped")
    let first = try run(configuration(), in: stopped, checkpointSteps: 5) { event in
      if case .training(_, 5, _) = event { true } else { false }
    }
    #expect(Self.steps(first) == Array(1...5))
    // The first pass from its checkpoint, and into the second.
    let second = try run(configuration(), in: stopped) { event in
      if case .training(let names, 7, _) = event { names.count == 4 } else { false }
    }
    #expect(second.contains(.resuming(["broad-24-2-s3", "broad-24-4-s3"], step: 5)))
    #expect(Self.steps(second) == Array(6...12) + Array(1...7))
    // Another number at a time does not change the pass that was begun.
    var oneByOne = configuration()
    oneByOne.atATime = 1
    let third = try run(oneByOne, in: stopped) { event in
      if case .measuring(_, 3, _) = event { true } else { false }
    }
    #expect(Self.steps(third) == Array(8...12))
    _ = try finish(configuration(), in: stopped)
    try expectEqual(whole, stopped)
  }

  /// As a process that is killed leaves it: a checkpoint from before, and logs that are ahead of it.
  @Test func aStudyGoesOnFromAnEarlierCheckpoint() throws {
    let folder = try ScratchFolder()
    let whole = folder.file("whole")
    _ = try finish(configuration(), in: whole)
    let killed = folder.file("killed")
    let kept = folder.file("kept")
    try run(configuration(), in: killed) { event in
      if case .training(_, 4, _) = event { true } else { false }
    }
    try FileManager.default.copyItem(atPath: "\(killed)/checkpoints", toPath: kept)
    // The pass to its end, with one of its autoencoders written.
    try run(configuration(), in: killed) { event in
      if case .training(let names, 2, _) = event { names.count == 4 } else { false }
    }
    try FileManager.default.removeItem(atPath: "\(killed)/checkpoints")
    try FileManager.default.moveItem(atPath: kept, toPath: "\(killed)/checkpoints")
    try FileManager.default.removeItem(atPath: "\(killed)/saes/broad-24-4-s3")
    let handle = try #require(
      FileHandle(forWritingAtPath: "\(killed)/logs/broad-24-4-s3.csv"))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("13,1.5,3".utf8))
    try handle.close()
    let events = try finish(configuration(), in: killed)
    #expect(Self.steps(events) == Array(5...12) + Array(1...12))
    try expectEqual(whole, killed)
  }

  /// Of a pass that is complete nothing is trained again.
  @Test func aCheckpointOfACompletePassIsRemoved() throws {
    let folder = try ScratchFolder()
    let out = folder.file("study")
    try run(configuration(), in: out) { event in
      if case .training(_, 4, _) = event { true } else { false }
    }
    let kept = folder.file("kept")
    try FileManager.default.copyItem(atPath: "\(out)/checkpoints", toPath: kept)
    _ = try finish(configuration(), in: out)
    try FileManager.default.removeItem(atPath: "\(out)/checkpoints")
    try FileManager.default.moveItem(atPath: kept, toPath: "\(out)/checkpoints")
    #expect(Self.steps(try finish(configuration(), in: out)) == [])
    #expect(try StudyFolder(out, configuration()).checkpoints().checkpoints == [])
  }
}
