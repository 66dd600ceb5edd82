import Foundation
import SAECore

/// The log of one training, a table; it goes on where a checkpoint was written. If a log cannot be
/// written, the study says so once, and the training goes on without it.
struct StudyLog {
  /// Nil from when it could not be written.
  private var table: CSVLog?

  private static let names = [
    "tokens", "loss", "l0", "fraction_of_variance_explained", "gradient_norm", "learning_rate",
    "dead_latents",
  ]

  /// Begins a log with the rows of an earlier one up to a step.
  ///
  /// - Throws: what `warn` throws.
  init(_ path: String, through step: Int, warn: (String) throws -> Void) throws {
    let kept = step > 0 ? StudyLog.records(path).filter { $0.step <= step } : []
    do {
      if FileManager.default.fileExists(atPath: path) {
        try FileManager.default.removeItem(atPath: path)
      }
      var table = try CSVLog(path)
      for record in kept { try table.write(record) }
      self.table = table
    } catch {
      try StudyLog.tell(error, warn)
    }
  }

  private static func tell(_ error: any Error, _ warn: (String) throws -> Void) throws {
    try warn("\(error); the training goes on without this log")
  }

  /// Writes the figures that every step has: terms of the loss that come and go would change the columns.
  ///
  /// - Throws: what `warn` throws.
  mutating func write(_ report: StepReport, warn: (String) throws -> Void) throws {
    let values = [
      Double(report.tokens), report.loss, report.l0, report.fractionOfVarianceExplained ?? .nan,
      report.gradientNorm, report.learningRate, Double(report.deadCount),
    ]
    do {
      try table?.write(TrainingRecord(step: report.number, Array(zip(StudyLog.names, values))))
    } catch {
      table = nil
      try StudyLog.tell(error, warn)
    }
  }

  /// The rows of a table that are whole.
  private static func records(_ path: String) -> [TrainingRecord] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      guard cells.count == names.count + 2, let step = Int(cells[0]) else { return nil }
      let values = cells.dropFirst().compactMap { Double($0) }
      guard values.count == names.count + 1 else { return nil }
      return TrainingRecord(
        step: step, time: values[0], Array(zip(names, values.dropFirst())))
    }
  }
}
