public import SAECore

/// How well ‖e‖² is predicted without regression on the activations: by the mean over the same token id,
/// and by a line in ‖x‖. Compare with these what a linear map of x predicts.
public struct ErrorNormBaselines: Sendable {
  private var all = ShiftedSum()
  private var byToken: [Int: ShiftedSum] = [:]
  /// Whether every update said which ids its tokens have.
  private var hasTokenIDs = true
  private var training = PairedSums()
  private var heldOut = PairedSums()

  /// Nothing counted yet.
  public init() {}

  /// Adds the counted tokens of a batch.
  ///
  /// - Parameters:
  ///   - batch: with activations and reconstruction. Without token ids, or without them in one update,
  ///     nothing is said about ids.
  ///   - isTraining: whether the line in ‖x‖ is fitted on these tokens, else scored.
  /// - Throws: `ShapeError` if widths differ.
  public mutating func update(_ batch: EncodedBatch, isTraining: Bool) throws(ShapeError) {
    try batch.check(width: batch.activations.columns)
    let tokenIDs = batch.tokenIDs
    if tokenIDs == nil, batch.tokens > 0 { hasTokenIDs = false }
    let products = batch.activations.rowProducts(with: batch.reconstruction, rows: batch.rows)
    for (row, products) in zip(batch.rows, products) {
      all.add(products.squaredError)
      if let id = tokenIDs?[Int(row)] {
        byToken[id, default: ShiftedSum()].add(products.squaredError)
      }
      let norm = products.squaredNorm.squareRoot()
      if isTraining {
        training.add(norm, products.squaredError)
      } else {
        heldOut.add(norm, products.squaredError)
      }
    }
  }

  /// R² of the mean of ‖e‖² over the same token id, on all tokens and in sample: it rises with rare
  /// ids. Undefined if ‖e‖² never differs, or ids were not given.
  public var tokenMeanRSquared: Double? {
    guard hasTokenIDs else { return nil }
    // Added in the order of the ids: a dictionary's differs from run to run.
    let within = byToken.sorted { $0.key < $1.key }.reduce(0.0) {
      $0 + $1.value.squaredDeviation
    }
    return ratio(within, all.squaredDeviation).map { 1 - $0 }
  }

  /// Held-out R² of the line in ‖x‖ fitted on the training tokens; undefined if ‖e‖² never differs
  /// on the held-out tokens or ‖x‖ on the training tokens.
  public var activationNormRSquared: Double? {
    guard let meanNorm = training.x.mean, let meanError = training.y.mean,
      let slope = ratio(training.product, training.x.squaredDeviation),
      let heldNorm = heldOut.x.mean, let heldError = heldOut.y.mean
    else { return nil }
    // Σ(y − slope x − b)², expanded around the held-out means.
    let offset = heldError - meanError - slope * (heldNorm - meanNorm)
    let residual =
      heldOut.y.squaredDeviation - 2 * slope * heldOut.product
      + slope * slope * heldOut.x.squaredDeviation + Double(heldOut.x.count) * offset * offset
    return ratio(residual, heldOut.y.squaredDeviation).map { 1 - $0 }
  }
}

/// Spreads of two numbers and of their product.
private struct PairedSums: Sendable {
  var x = ShiftedSum()
  var y = ShiftedSum()
  /// Σ(x − x̄)(y − ȳ).
  var product = 0.0

  /// Welford's update.
  mutating func add(_ newX: Double, _ newY: Double) {
    let before = x.mean ?? newX
    x.add(newX)
    y.add(newY)
    product += (newX - before) * (newY - (y.mean ?? newY))
  }
}
