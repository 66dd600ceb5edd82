/// What a step is trained on.
struct ScaledBatch: Sendable {
  /// tokens × input width
  let activations: Matrix
  /// tokens × target width, where the target is not the input.
  let target: Matrix?
  /// ``ScaledActivations/errorWeights``, where each token has a scale of its own.
  var errorWeights: [Float]?
}

extension Trainer {
  /// Trains on a batch of a run with the given options.
  mutating func train(
    on batch: ScaledBatch, _ options: TrainingOptions
  ) throws(TrainingError) -> StepReport {
    try train(
      on: batch.activations, target: batch.target,
      errorWeights: options.data.takesLossInOriginalUnits ? batch.errorWeights : nil)
  }
}

extension ScaledBatch {
  /// A token of zeros, in the widths of a run's rows.
  init(zerosLike rows: TrainingRows) {
    activations = Matrix(rows: 1, columns: rows.inputs.width)
    target = rows.targets.map { Matrix(rows: 1, columns: $0.width) }
  }
}
