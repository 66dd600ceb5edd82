import Foundation

/// Numbers of one training step, to be logged.
public struct TrainingRecord: Sendable, Equatable {
  /// A number and what it is called.
  public struct Entry: Sendable, Equatable {
    /// What was measured.
    public let name: String
    /// Its value; may be NaN where there was nothing to measure.
    public let value: Double

    /// `value` under `name`.
    public init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// The step, counted from 1.
  public let step: Int
  /// Seconds since 1970 began, UTC.
  public let time: Double
  /// What was measured, in the order in which logs list it.
  public let entries: [Entry]

  /// The present ``time``.
  public static var now: Double { Date().timeIntervalSince1970 }

  /// - Precondition: names differ, and none is "step" or "time".
  public init(
    step: Int, time: Double = TrainingRecord.now, _ entries: [(String, Double)]
  ) {
    let names = Set(entries.map(\.0))
    precondition(
      names.count == entries.count && names.isDisjoint(with: ["step", "time"]),
      "two numbers of a record have one name among \(entries.map(\.0))")
    self.step = step
    self.time = time
    self.entries = entries.map { Entry($0.0, $0.1) }
  }

  /// What a training step reports: "tokens", "loss", "loss/…" for each of its terms, "l0",
  /// "gradient_norm", "learning_rate" and "dead_latents".
  public init(_ report: StepReport, time: Double = TrainingRecord.now) {
    let terms = report.losses.map { ("loss/\($0.name)", $0.value) }
    self.init(
      step: report.number, time: time,
      [("tokens", Double(report.tokens)), ("loss", report.loss)] + terms + [
        ("l0", report.l0), ("gradient_norm", report.gradientNorm),
        ("learning_rate", report.learningRate), ("dead_latents", Double(report.deadCount)),
      ])
  }
}

/// Where records go.
public protocol TrainingLog {
  /// Writes a record; it is in the system's hands when this returns.
  mutating func write(_ record: TrainingRecord) throws
}
