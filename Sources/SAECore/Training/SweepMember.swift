/// A member of a ``TrainingSweep``, whatever its variant.
protocol SweepMember: Sendable {
  /// Why it makes no more steps.
  var failure: TrainingError? { get }

  mutating func step(on batch: Matrix) -> Result<StepReport, TrainingError>
  func finished(scale: Double) throws -> any TrainableAutoencoder
  func checkpoint(scale: Double, position: ShuffledActivations.Position) -> TrainingCheckpoint
}

struct SweepTraining<Model: TrainableAutoencoder>: SweepMember {
  var training: ScheduledTraining<Model>
  private(set) var failure: TrainingError?

  init(training: ScheduledTraining<Model>, failure: TrainingError? = nil) {
    self.training = training
    self.failure = failure
  }

  mutating func step(on batch: Matrix) -> Result<StepReport, TrainingError> {
    if let failure { return .failure(failure) }
    do throws(TrainingError) {
      return .success(try training.step(on: batch))
    } catch {
      failure = error
      return .failure(error)
    }
  }

  func finished(scale: Double) throws -> any TrainableAutoencoder {
    try training.trainer.finishedModel.foldingScale(scale)
  }

  func checkpoint(scale: Double, position: ShuffledActivations.Position) -> TrainingCheckpoint {
    TrainingCheckpoint(
      trainer: training.trainer.state, scale: scale, position: position,
      run: training.description, metadata: [:])
  }
}
