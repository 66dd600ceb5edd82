public import SAECore

/// The mean over tokens with x ≠ x̄ of 1 − ‖r‖² / ‖x − x̄‖², which SAELens and SAEBench report as
/// `explained_variance_legacy`: tokens near the mean dominate it.
///
/// It needs the mean before the first token and so a second pass:
/// ``ReconstructionMetrics/activationMean`` gives it.
public struct PerTokenVarianceExplained: Sendable {
  /// x̄.
  public let mean: [Double]
  /// Counted tokens with x ≠ x̄.
  public private(set) var tokens = 0
  private var sum = 0.0

  /// Measures variance around `mean`, one element for each dimension.
  public init(mean: [Double]) { self.mean = mean }

  /// Adds a batch of tokens × width; the mask says for each token whether it counts.
  ///
  /// - Throws: `ShapeError` if widths or numbers of tokens differ.
  public mutating func update(
    activations: Matrix, reconstruction: Matrix, mask: [Bool]? = nil
  ) throws(ShapeError) {
    try CountedTokens.check(activations, reconstruction, width: mean.count)
    for row in try CountedTokens.rows(activations.rows, mask: mask) {
      let x = activations.row(Int(row))
      let y = reconstruction.row(Int(row))
      var error = 0.0
      var deviation = 0.0
      for column in mean.indices {
        let residual = Double(x[column]) - Double(y[column])
        let centred = Double(x[column]) - mean[column]
        error += residual * residual
        deviation += centred * centred
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
