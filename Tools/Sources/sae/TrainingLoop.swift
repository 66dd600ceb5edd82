import ArgumentParser
import Foundation
import SAECore

/// Runs a training run to its end and prints its progress.
enum TrainingLoop {
  /// Makes all steps; returns the tokens trained on per second. Prints warnings after half of the steps,
  /// as far as they can be known by then, and at the end.
  ///
  /// - Throws: ``ToolError`` where the training fails, saying which checkpoint is from before; an exit
  ///   code after a signal; and the errors of reading activations.
  static func finish<Model>(
    _ run: inout TrainingRun<Model>, checkpoints: inout RunCheckpoints,
    beginning: () throws -> TrainingRun<Model>
  ) throws -> Double {
    var progress = Progress(total: run.options.steps)
    let before = run.trainer.tokens
    func rate() -> Double { Double(run.trainer.tokens - before) / max(progress.elapsed, 1e-9) }
    var isFirstHalf = 2 * run.trainer.step < run.options.steps
    // A signal may have come while the run was prepared.
    try checkpoints.stopIfAsked(run)
    do {
      while let report = try run.step() {
        if progress.isDue(report.number) {
          // None counts as dead before it has not fired for long, which says nothing of one that
          // never fired.
          let hardlyFires = report.l0 * Double(TrainingWarning.tokensPerLatent) < 1
          let dead = hardlyFires && report.deadCount == 0 ? "–" : "\(report.deadCount)"
          progress.show(
            report.number,
            "loss \(measured(report.loss, 3))  FVE \(fixed(report.fractionOfVarianceExplained, 4))  "
              + "L0 \(fixed(report.l0, 1))  dead \(dead)  \(grouped(rate())) tokens/s")
        }
        if isFirstHalf, 2 * report.number >= run.options.steps {
          isFirstHalf = false
          for warning in run.warnings(after: report) {
            StandardError.write("warning: at step \(report.number): \(warning.text)")
          }
        }
        try checkpoints.writeIfDue(run)
        try checkpoints.stopIfAsked(run)
      }
      for warning in try run.warnings() { StandardError.write("warning: \(warning.text)") }
    } catch let error as TrainingError {
      throw ToolError("\(error)\(checkpoints.kept(before: error, beginning))")
    }
    return rate()
  }
}

extension TrainingWarning {
  /// With the options that it is about.
  fileprivate var text: String {
    switch self {
    case .noActiveLatents, .hardlyAnyActiveLatent: "\(self) (--sparsity, --lr)"
    default: "\(self)"
    }
  }
}

/// When a run's checkpoints are written, and where.
struct RunCheckpoints {
  let folder: CheckpointFolder
  /// Steps from one to the next; nil where none was asked for.
  let every: Int?
  /// The arguments that the run began with.
  let arguments: [String]
  /// The checkpoint that the run goes on from, if it does.
  let resumed: String?
  /// Checkpoints that nobody asked for, which are removed when the result is complete.
  private var unasked: [String] = []
  private var isRefused = false

  init(folder: CheckpointFolder, every: Int?, arguments: [String], resumed: String?) {
    self.folder = folder
    self.every = every
    self.arguments = arguments
    self.resumed = resumed
  }

  /// Writes one if it is time. Where none was asked for there is one after each tenth of the run, at most
  /// one in a hundred steps, so that a training that diverges leaves something of use; a disk that refuses
  /// it does not end the run.
  mutating func writeIfDue<Model>(_ run: TrainingRun<Model>) throws {
    let (step, steps) = (run.trainer.step, run.options.steps)
    // A checkpoint of a diverging run must not replace a good one.
    guard !run.isDiverging || step == steps else { return }
    if let every {
      if step % every == 0 || step == steps { _ = try write(run, to: folder) }
      return
    }
    guard !isRefused, step < steps, step % max(100, (steps + 9) / 10) == 0 else { return }
    do {
      unasked.append(try write(run, to: CheckpointFolder(folder.path, keeping: .max)))
      while unasked.count > 2 { try folder.remove(unasked.removeFirst()) }
    } catch {
      isRefused = true
      StandardError.write("note: no checkpoint is kept: \(error)")
    }
  }

  /// Removes those that nobody asked for, and the folder if that was all.
  mutating func removeUnasked() {
    guard !unasked.isEmpty else { return }
    for path in unasked { try? folder.remove(path) }
    unasked = []
    rmdir(folder.path)
  }

  /// After a signal: writes one, says so and ends the command with the signal's exit code.
  func stopIfAsked<Model>(_ run: TrainingRun<Model>) throws {
    guard let signal = Interruption.signal else { return }
    let path = try write(run, to: folder)
    StandardError.write(
      "interrupted after step \(run.trainer.step); sae train --resume \(path) goes on")
    throw ExitCode(Interruption.exitCode(signal))
  }

  /// Says which checkpoint is the last from before a failure; writes one of the beginning if there is none.
  func kept<Model>(
    before error: TrainingError, _ beginning: () throws -> TrainingRun<Model>
  ) -> String {
    let failed: Int
    switch error {
    case .diverged(_, let since, _, _, _): failed = since
    case .notFinite(let step, _): failed = step
    case .shape: return ""
    }
    let good = folder.checkpoints.last { path in
      CheckpointFolder.step(of: path).map { $0 < failed } ?? false
    }
    if let path = good ?? resumed { return "; the last state before it is kept in \(path)" }
    guard failed > 0, let run = try? beginning(),
      let path = try? write(run, to: CheckpointFolder(folder.path, keeping: .max))
    else { return "" }
    return "; the state before the first step is kept in \(path)"
  }

  private func write<Model>(
    _ run: TrainingRun<Model>, to folder: CheckpointFolder
  ) throws -> String {
    try folder.write(run.checkpoint(metadata: RecordedOptions.metadata(arguments)))
  }
}
