/// Tells whether a run has diverged. It looks at values and counts of steps alone, so that it tells at the
/// same step however often the run is interrupted.
///
///     e = Σ‖x̂ − y‖² / (Σ‖y − ȳ‖² + 10⁻⁴ Σ‖y‖²)      a batch of one token: Σ‖x̂ − y‖² / Σ‖y‖²
///
/// e is 1 − FVE where activations vary; the second term keeps it finite where they do not. A run has
/// diverged when e was above ``bound`` times the least e of its steps so far, or times 1 where that is
/// less, in each of the last steps, ``patience`` of them, or above ``certainty`` times that in one step:
/// where weights jump back and forth, errors do not stay large. A start that is far off, such as that of
/// dense latents with rows of norm 1, is no divergence: errors fall from there.
struct DivergenceWatch: Sendable, Equatable, Codable {
  static let bound = 100.0
  static let patience = 10
  static let certainty = 1e4

  /// The least e of a step.
  private(set) var least: Double?
  /// The step, from 0, since which e has been too large.
  private(set) var since: Int?

  /// Steps in a row that make a divergence: fewer in a run that has no more than a hundred.
  static func patience(ofSteps steps: Int) -> Int { min(patience, max(1, steps / 10)) }

  /// e
  ///
  /// - Parameter variance: Σ‖y − ȳ‖²
  static func relativeError(
    _ squaredError: Double, of target: Matrix, variance: Double
  ) -> Double? {
    let squares = target.sumOfSquares()
    let size = target.rows > 1 ? variance + 1e-4 * squares : squares
    return size > 0 && size.isFinite ? squaredError / size : nil
  }

  /// Notes a step that is to be made.
  ///
  /// - Throws: ``TrainingError/diverged(step:since:error:bound:learningRate:)``
  mutating func note(
    _ error: Double?, step: Int, learningRate: Double, patience: Int
  ) throws(TrainingError) {
    guard let error else { return }
    let bound = DivergenceWatch.bound * max(1, least ?? error)
    guard !(error <= bound) else {
      least = min(least ?? error, error)
      since = nil
      return
    }
    let since = since ?? step
    self.since = since
    guard step - since + 1 >= patience || !(error <= bound * DivergenceWatch.certainty) else {
      return
    }
    throw .diverged(
      step: step, since: since, error: error, bound: bound, learningRate: learningRate)
  }
}

/// A number with three digits that count.
func significant(_ value: Double) -> String {
  guard value.isFinite, value != 0 else { return "\(value)" }
  var exponent = 0
  var digits = abs(value)
  while digits >= 10 { (digits, exponent) = (digits / 10, exponent + 1) }
  while digits < 1 { (digits, exponent) = (digits * 10, exponent - 1) }
  digits = (digits * 100).rounded() / 100
  if digits >= 10 { (digits, exponent) = (1, exponent + 1) }
  let sign = value < 0 ? "-" : ""
  guard exponent >= -4, exponent < 5 else { return "\(sign)\(digits)e\(exponent)" }
  var text = digits
  for _ in 0..<abs(exponent) { text = exponent > 0 ? text * 10 : text / 10 }
  // The digits behind the point that the division leaves are none.
  let scale = [1.0, 10, 100, 1e3, 1e4, 1e5, 1e6][min(6, max(0, 2 - exponent))]
  text = (text * scale).rounded() / scale
  return text == text.rounded() ? "\(sign)\(Int(text))" : "\(sign)\(text)"
}
