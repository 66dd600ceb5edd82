import SAETestSupport
import Testing

@testable import SAECore

/// Steps of runs that fail: resampling before them and batches that were drawn are undone.
@Suite struct FailedRunStepTests {
  private let activations = Matrix.random(200, 8, seed: 4)

  private func options(_ edit: (inout TrainingOptions) throws -> Void) throws -> TrainingOptions {
    var options = TrainingOptions(steps: 9)
    options.batchTokens = 50
    options.schedule.learningRate = 1e-2
    options.schedule.warmUpSteps = 0
    try edit(&options)
    return options
  }

  private func batch(_ first: Int) -> ScaledBatch {
    ScaledBatch(activations: Matrix(activations[rows: first..<first + 50]), target: nil)
  }

  @Test func latentsThatWereResampledForAFailedStepAreAsBefore() throws {
    let resampling = Resampling(convention: .dictionaryLearning, period: 4)
    let options = try options { $0.revival.resampling = resampling }
    func training() throws -> Trainer<TopKAutoencoder> {
      let configuration = TopKConfiguration(k: 1)
      let settings = try RunSettings(
        configuration, latentCount: 120, batch: batch(0), options: options)
      var trainer = try settings.trainer(
        configuration, firstBatch: batch(0))
      for step in 0..<4 { _ = try trainer.train(on: batch(50 * (step % 3)).activations) }
      return trainer
    }
    var (failed, untroubled) = (try training(), try training())
    // All of the batch but one row is what dead latents can be made of.
    var broken = batch(150).activations
    broken[7, 2] = .infinity
    var resampled = failed
    var generator = RandomGenerator(seed: 1)
    let latents = try resampled.resample(resampling, on: broken, using: &generator)
    try #require(!latents.isEmpty)
    let before = failed.state
    for _ in 0..<2 {
      #expect(throws: TrainingError.self) { _ = try failed.train(on: broken) }
      #expect(failed.state == before)
    }
    for step in 0..<2 {
      _ = try failed.train(on: batch(50 * step).activations)
      _ = try untroubled.train(on: batch(50 * step).activations)
      #expect(failed.state == untroubled.state)
    }
    #expect(failed.state != before)
  }

  /// A run whose step failed stands where it stood: the same batch comes next, and a checkpoint says so.
  @Test func aBatchThatWasDrawnForAFailedStepIsNotLost() throws {
    // Finite numbers whose squares are not, in rows that the first batches do not have.
    var source = activations
    for row in 150..<200 { source[row, 3] = 1e30 }
    let options = try options {
      $0.data.normalization = .none
      $0.seed = 3
    }
    var run = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 1), latentCount: 24, on: source, options: options)
    func stand() -> (TrainerState, ShuffledActivations.Position) {
      (run.trainer.state, run.checkpoint().position)
    }
    var failures = 0
    var before = stand()
    for _ in 0..<4 {
      do {
        _ = try run.step()
        before = stand()
      } catch is TrainingError {
        failures += 1
        #expect(stand() == before)
        let resumed = try TrainingRun<TopKAutoencoder>(
          TopKConfiguration(k: 1), latentCount: 24, on: source, options: options,
          from: run.checkpoint())
        var (first, second) = (run, resumed)
        #expect(throws: TrainingError.self) { _ = try first.step() }
        #expect(throws: TrainingError.self) { _ = try second.step() }
        #expect(second.trainer.state == before.0)
      }
    }
    #expect(failures > 0)
  }
}
