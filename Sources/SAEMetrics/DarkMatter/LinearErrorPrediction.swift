public import SAECore

/// ê = Wx + b, and the same for ‖e‖²: what a linear map makes of an SAE's error.
public struct LinearErrorPrediction: Sendable {
  /// Tokens it was fitted on. Least squares inflates the error on other tokens by about
  /// 1 + width / (tokens − width − 1).
  public let trainingTokens: Int
  /// λ.
  public let penalty: Double
  let activationMean: [Double]
  /// ē, and the mean of ‖e‖².
  let targetMean: [Double]
  /// width × (width + 1); the last column is that of ‖e‖².
  let weights: DoubleMatrix

  /// Columns of the activations.
  public var width: Int { activationMean.count }

  /// Whether there are at least five tokens for each dimension; twenty are better.
  public var hasEnoughTokens: Bool { trainingTokens >= 5 * width }

  /// Predictions for some rows: rows × (width + 1), the last column that of ‖e‖².
  func predict(_ activations: Matrix, _ rows: some Collection<UInt32>) -> DoubleMatrix {
    let list = Array(rows)
    let centered = Parallel.map(list.count) { index in
      let row = activations.row(Int(list[index]))
      return row.indices.map { Double(row[$0]) - activationMean[$0] }
    }
    var result = DoubleMatrix(
      rows: list.count, columns: width + 1,
      values: Array([[Double]](repeating: targetMean, count: list.count).joined()))
    let inputs = DoubleMatrix(
      rows: list.count, columns: width, values: Array(centered.joined()))
    result.addProduct(inputs.factor, weights.factor)
    return result
  }

  /// ê of each token, tokens × width: with x̂ + ê and x̂ + (e − ê) a model shows what the two parts of
  /// the error do to its loss.
  ///
  /// - Parameter activations: tokens × ``width``.
  /// - Returns: the linear part of the error, tokens × ``width``.
  /// - Throws: `ShapeError` if the width is another.
  public func linearPart(_ activations: Matrix) throws(ShapeError) -> Matrix {
    try ShapeError.check(
      "activations", "columns", expected: width, found: activations.columns)
    let predicted = predict(activations, 0..<UInt32(activations.rows))
    return Matrix(rows: activations.rows, columns: width) { Float(predicted[$0, $1]) }
  }
}
