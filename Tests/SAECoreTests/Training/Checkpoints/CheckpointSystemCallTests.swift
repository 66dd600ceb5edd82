import SAECore
import SAETestSupport
import Testing

/// Through all layers: every call to the system for a checkpoint is made to fail.
@Suite struct CheckpointSystemCallTests {
  /// The checkpoint before stays whole.
  @Test func everyCallForACheckpointMayFail() throws {
    func checkpoint(_ step: Int) throws -> TrainingCheckpoint {
      var run = try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 2), latentCount: 6, on: Matrix.random(40, 4, seed: 3),
        options: {
          var options = TrainingOptions(steps: 4); options.batchTokens = 8; return options
        }()
      )
      for _ in 0..<step { _ = try run.step() }
      return run.checkpoint()
    }
    let (first, second) = (try checkpoint(1), try checkpoint(2))
    func write(_ folder: ScratchFolder) throws {
      try CheckpointFolder(folder.file("c"), keeping: 1).write(second)
    }
    let whole = try ScratchFolder()
    try CheckpointFolder(whole.file("c"), keeping: 1).write(first)
    let count = SystemCallLog.logged { try write(whole) }.operations.count
    for index in 0..<count {
      let folder = try ScratchFolder()
      try CheckpointFolder(folder.file("c"), keeping: 1).write(first)
      _ = SystemCallLog.logged(failing: index) { try write(folder) }
      let latest = try CheckpointFolder(folder.file("c")).latest()
      let read = try TrainingCheckpoint(contentsOf: latest)
      #expect([1, 2].contains(read.step), "call \(index)")
      // The next one clears up.
      try write(folder)
      #expect(try CheckpointFolder(folder.file("c")).checkpoints.count == 1, "call \(index)")
      #expect(
        try TrainingCheckpoint(contentsOf: CheckpointFolder(folder.file("c")).latest()).step == 2)
    }
  }
}
