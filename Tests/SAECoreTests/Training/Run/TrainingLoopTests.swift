import SAECore
import SAETestSupport
import Testing

/// The loop of ``TrainingRun/train(log:checkpoints:every:progress:)`` against steps that are made one by one.
@Suite struct TrainingLoopTests {
  private struct Records: TrainingLog {
    final class Kept { var steps: [Int] = [] }
    let kept = Kept()

    func write(_ record: TrainingRecord) { kept.steps.append(record.step) }
  }

  private struct Stop: Error {}

  private func run() throws -> TrainingRun<TopKAutoencoder> {
    try TrainingRun(
      TopKConfiguration(k: 2), latentCount: 24, on: Matrix.random(200, 8, seed: 1),
      options: TrainingOptions(steps: 7, batchTokens: 50, seed: 3))
  }

  @Test func makesTheSameStepsAsTheCallerWould() throws {
    var (whole, single) = (try run(), try run())
    let records = Records()
    var numbers: [Int] = []
    try whole.train(log: records) { numbers.append($0.number) }
    while try single.step() != nil {}
    #expect(numbers == Array(1...7) && records.kept.steps == numbers)
    #expect(try whole.folded() == single.folded())
    // There is nothing left to do.
    try whole.train { _ in Issue.record("a step was made after the last") }
  }

  @Test func keepsCheckpointsFromWhichItGoesOn() throws {
    let scratch = try ScratchFolder()
    let folder = try CheckpointFolder(scratch.file("run.checkpoints"), keeping: 9)
    var whole = try run()
    try whole.train(checkpoints: folder, every: 3)
    #expect(folder.checkpoints.map { CheckpointFolder.step(of: $0) } == [3, 6, 7])
    for path in folder.checkpoints {
      var resumed = try TrainingRun<TopKAutoencoder>(
        from: TrainingCheckpoint(contentsOf: path), on: Matrix.random(200, 8, seed: 1))
      try resumed.train()
      #expect(try resumed.folded() == whole.folded())
    }
  }

  @Test func whatProgressThrowsEndsItBetweenTwoSteps() throws {
    var (stopped, whole) = (try run(), try run())
    #expect(throws: Stop.self) {
      try stopped.train { if $0.number == 4 { throw Stop() } }
    }
    #expect(stopped.trainer.step == 4)
    try stopped.train()
    try whole.train()
    #expect(try stopped.folded() == whole.folded())
  }

  @Test func anIntervalBelowOneIsRefused() throws {
    var run = try run()
    #expect(throws: OptionError("every", expected: "1 or more", found: "0")) {
      try run.train(every: 0)
    }
    #expect(run.trainer.step == 0)
  }
}
