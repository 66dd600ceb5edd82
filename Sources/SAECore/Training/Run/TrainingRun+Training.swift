extension TrainingRun {
  /// Makes all steps that are left.
  ///
  ///     try run.train(log: CSVLog("run.csv"), checkpoints: CheckpointFolder("run.checkpoints")) { step in
  ///       print(step.number, step.l0)
  ///     }
  ///
  /// The result is then `autoencoder()`, and ``warnings()`` tells what is wrong with it.
  ///
  /// - Parameters:
  ///   - log: gets a record of every step.
  ///   - checkpoints: where the run is kept, so that it can go on from there
  ///     (``init(from:on:targets:)``). One is written after the last step as well; none of a run that
  ///     ``isDiverging``, so that what was good stays.
  ///   - interval: steps from one checkpoint to the next.
  ///   - progress: called after each step; what it throws ends the training.
  /// - Throws: ``OptionError`` for an interval below 1; ``TrainingError`` where something is not finite
  ///   or the training has diverged; what keeps activations from being read, or logs and checkpoints
  ///   from being written; what `progress` throws. The run then stands after its last step, and can be
  ///   kept as a ``checkpoint(metadata:)``.
  public mutating func train(
    log: (any TrainingLog)? = nil, checkpoints: CheckpointFolder? = nil, every interval: Int = 1000,
    progress: (StepReport) throws -> Void = { _ in }
  ) throws {
    try OptionError.check("every", interval, in: 1...Int.max)
    var log = log
    while let report = try step() {
      try log?.write(TrainingRecord(report))
      let isDue = report.number % interval == 0 || report.number == options.steps
      if let checkpoints, isDue, !isDiverging { try checkpoints.write(checkpoint()) }
      try progress(report)
    }
  }
}
