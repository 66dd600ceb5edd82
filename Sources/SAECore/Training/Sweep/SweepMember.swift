/// A member of a ``TrainingSweep``, whatever its variant.
protocol SweepMember: Sendable {
  /// Why it makes no more steps.
  var failure: TrainingError? { get }

  mutating func step(on batch: ScaledBatch) -> Result<StepReport, TrainingError>
  func warnings(
    on batch: ScaledBatch, sourceTokens: Int
  ) throws -> Result<[TrainingWarning], TrainingError>
  func checkpoint(
    _ batches: ScaledBatches, position: ShuffledActivations.Position
  ) -> TrainingCheckpoint
}

struct SweepTraining<Model: TrainableAutoencoder>: SweepMember {
  private(set) var trainer: Trainer<Model>
  private(set) var failure: TrainingError?
  private let settings: RunSettings

  init(trainer: Trainer<Model>, settings: RunSettings, failure: TrainingError? = nil) {
    self.trainer = trainer
    self.settings = settings
    self.failure = failure
  }

  mutating func step(on batch: ScaledBatch) -> Result<StepReport, TrainingError> {
    if let failure { return .failure(failure) }
    do throws(TrainingError) {
      return .success(try trainer.train(on: batch, settings.options))
    } catch {
      failure = error
      return .failure(error)
    }
  }

  func checkpoint(
    _ batches: ScaledBatches, position: ShuffledActivations.Position
  ) -> TrainingCheckpoint {
    TrainingCheckpoint(
      trainer: trainer.state, scaling: batches.scaling,
      targetScaling: batches.targetScaling, position: position, activations: batches.sample,
      run: settings.description, metadata: [:])
  }
}
