import ArgumentParser
import Foundation
import SAECore

/// Runs a training run to its end and tells how it goes.
enum TrainingLoop {
  /// Makes all steps; returns the tokens trained on a second.
  static func finish<Model>(
    _ run: inout TrainingRun<Model>, checkpoints: RunCheckpoints? = nil
  ) throws -> Double {
    var progress = Progress(total: run.options.steps)
    let before = run.trainer.tokens
    func rate() -> Double { Double(run.trainer.tokens - before) / max(progress.elapsed, 1e-9) }
    // A signal may have come while the run was prepared.
    try checkpoints?.stopIfAsked(run)
    while let report = try run.step() {
      if progress.isDue(report.step) {
        progress.show(
          report.step,
          "loss \(fixed(report.loss, 3))  FVE \(fixed(report.fractionOfVarianceExplained, 4))  "
            + "L0 \(fixed(report.l0, 1))  dead \(report.deadCount)  \(grouped(rate())) tokens/s")
      }
      try checkpoints?.writeIfDue(run)
      try checkpoints?.stopIfAsked(run)
    }
    return rate()
  }
}

/// When a run's checkpoints are written, and where.
struct RunCheckpoints {
  let folder: CheckpointFolder
  /// Steps from one to the next; nil for none but at a signal.
  let every: Int?
  /// The arguments that the run began with.
  let arguments: [String]

  /// Writes one if it is time.
  func writeIfDue<Model>(_ run: TrainingRun<Model>) throws {
    guard let every else { return }
    let step = run.trainer.step
    if step % every == 0 || step == run.options.steps { _ = try write(run) }
  }

  /// After a signal: writes one, says so and ends the command with the signal's exit code.
  func stopIfAsked<Model>(_ run: TrainingRun<Model>) throws {
    guard let signal = Interruption.signal else { return }
    let path = try write(run)
    StandardError.write(
      "interrupted after step \(run.trainer.step); sae train --resume \(path) goes on")
    throw ExitCode(Interruption.exitCode(signal))
  }

  private func write<Model>(_ run: TrainingRun<Model>) throws -> String {
    try folder.write(run.checkpoint(metadata: RecordedOptions.metadata(arguments)))
  }
}
