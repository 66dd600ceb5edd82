/// A member of a ``TrainingSweep``, whatever its variant.
protocol SweepMember: Sendable {
  /// Why it makes no more steps.
  var failure: TrainingError? { get }

  mutating func step(on batch: ScaledBatch) -> Result<StepReport, TrainingError>
  func warnings(
    on batch: ScaledBatch, sourceTokens: Int
  ) throws -> Result<[TrainingWarning], TrainingError>
  func finished(
    _ scaling: ActivationScaling, targetScaling: ActivationScaling?
  ) throws -> any TrainableAutoencoder
  func finishedAutoencoder(
    _ scaling: ActivationScaling, targetScaling: ActivationScaling?
  ) throws -> any SparseAutoencoder
  func checkpoint(
    _ batches: ScaledBatches, position: ShuffledActivations.Position
  ) -> TrainingCheckpoint
}

struct SweepTraining<Model: TrainableAutoencoder>: SweepMember {
  var training: ScheduledTraining<Model>
  private(set) var failure: TrainingError?

  init(training: ScheduledTraining<Model>, failure: TrainingError? = nil) {
    self.training = training
    self.failure = failure
  }

  mutating func step(on batch: ScaledBatch) -> Result<StepReport, TrainingError> {
    if let failure { return .failure(failure) }
    do throws(TrainingError) {
      return .success(try training.step(on: batch))
    } catch {
      failure = error
      return .failure(error)
    }
  }

  func finished(
    _ scaling: ActivationScaling, targetScaling: ActivationScaling?
  ) throws -> any TrainableAutoencoder {
    try training.trainer.finishedModel.folding(scaling, targetScaling: targetScaling)
  }

  func finishedAutoencoder(
    _ scaling: ActivationScaling, targetScaling: ActivationScaling?
  ) throws -> any SparseAutoencoder {
    try training.trainer.finishedModel.taking(scaling, targetScaling: targetScaling)
  }

  func checkpoint(
    _ batches: ScaledBatches, position: ShuffledActivations.Position
  ) -> TrainingCheckpoint {
    TrainingCheckpoint(
      trainer: training.trainer.state, scaling: batches.scaling,
      targetScaling: batches.targetScaling, position: position, activations: batches.sample,
      run: training.description, metadata: [:])
  }
}
