public import SAECore

/// The mean over tokens with x ≠ x̄ of 1 − ‖r‖² / ‖x − x̄‖², which SAELens and SAEBench report as
/// `explained_variance_legacy`: tokens near the mean dominate it.
///
/// It needs the mean before the first token and so a second pass:
/// ``ReconstructionMetrics/activationMean`` gives it.
public struct PerTokenVarianceExplained: Metric {
  /// x̄.
  public let mean: [Double]
  /// Counted tokens with x ≠ x̄.
  public private(set) var tokens = 0
  private var sum = 0.0

  /// Measures variance around `mean`, one element for each dimension.
  public init(mean: [Double]) { self.mean = mean }

  /// Adds the counted tokens of a batch.
  ///
  /// - Parameter batch: with activations and reconstruction of the mean's width, in one scale.
  /// - Throws: `ShapeError` if a width differs.
  public mutating func update(_ batch: EncodedBatch) throws(ShapeError) {
    try batch.check(width: mean.count)
    for row in batch.rows {
      let x = batch.activations.row(Int(row))
      let y = batch.reconstruction.row(Int(row))
      var error = 0.0
      var deviation = 0.0
      for column in mean.indices {
        let residual = Double(x[column]) - Double(y[column])
        let centered = Double(x[column]) - mean[column]
        error += residual * residual
        deviation += centered * centered
      }
      guard deviation != 0 else { continue }
      tokens += 1
      sum += 1 - error / deviation + (error.isFinite && deviation.isFinite ? 0 : Double.nan)
    }
  }

  /// Adds what another accumulator around the same mean has counted.
  public mutating func merge(_ other: PerTokenVarianceExplained) {
    precondition(mean == other.mean, "cannot merge shares of the variance around two means")
    tokens += other.tokens
    sum += other.sum
  }

  /// The mean, undefined if no token differs from x̄.
  public var value: Double? { ratio(sum, Double(tokens)) }
}
