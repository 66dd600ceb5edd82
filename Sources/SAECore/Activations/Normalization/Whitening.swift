/// A change of coordinates after which activations have mean 0 and nearly uncorrelated dimensions of
/// variance 1:
///
///     z = (x − m) M        M = U (Λ + ρ)^(−1/2)        M⁻¹ = (Λ + ρ)^(1/2) Uᵀ
///
/// U and Λ the covariance's eigenvectors (columns, ascending) and eigenvalues, negative ones taken
/// for 0. Each column's sign is chosen so that its largest entry is positive.
///
/// Source: SAELens' `covariance_whitening`.
public struct Whitening: Sendable, Equatable {
  /// ρ
  public static let regularization = 1e-3

  /// m
  public let mean: [Double]
  /// M, width × width, row after row.
  public let matrix: [Double]
  /// M⁻¹, width × width, row after row.
  public let inverse: [Double]

  /// The width of the activations.
  public var dimension: Int { mean.count }

  /// The whitening of activations with the given statistics.
  ///
  /// - Throws: ``OptionError`` if the statistics hold no covariance, or one that is not finite.
  /// - Complexity: O(width³)
  public init(_ statistics: ActivationStatistics) throws(OptionError) {
    guard let covariance = statistics.covariance else {
      throw OptionError(
        "statistics", expected: "a covariance of at least two tokens",
        found: "\(statistics.tokens) tokens")
    }
    let n = statistics.dimension
    guard let eigen = SymmetricEigenvectors(covariance, dimension: n) else {
      throw OptionError(
        "statistics", expected: "a finite covariance", found: "one with NaN or infinity")
    }
    let roots = eigen.values.map { (max($0, 0) + Whitening.regularization).squareRoot() }
    var matrix = [Double](repeating: 0, count: n * n)
    var inverse = matrix
    for k in 0..<n {
      for i in 0..<n {
        let entry = eigen.vectors[k * n + i]
        matrix[i * n + k] = entry / roots[k]
        inverse[k * n + i] = entry * roots[k]
      }
    }
    self.init(mean: statistics.mean, matrix: matrix, inverse: inverse)
  }

  /// A whitening that has been found before.
  ///
  /// - Precondition: both matrices are as wide and as high as the mean is long.
  package init(mean: [Double], matrix: [Double], inverse: [Double]) {
    precondition(
      matrix.count == mean.count * mean.count && inverse.count == matrix.count,
      "a whitening of \(mean.count) with \(matrix.count) and \(inverse.count) numbers")
    self.mean = mean
    self.matrix = matrix
    self.inverse = inverse
  }

  /// (x − m) M for every row.
  func applied(to activations: Matrix) -> Matrix {
    activations.subtractingFromRows(mean.map { Float($0) }).multiplied(by: float32Matrix)
  }

  /// z M⁻¹ + m for every row.
  func reverted(from whitened: Matrix) -> Matrix {
    var result = whitened.multiplied(by: float32Inverse)
    result.addToRows(mean.map { Float($0) })
    return result
  }

  /// The gradient by z of a loss whose gradient by z M⁻¹ + m is given.
  func gradientBeforeReversion(_ gradient: Matrix) -> Matrix {
    Matrix.product(gradient.view, float32Inverse.transposed)
  }

  /// M
  var float32Matrix: Matrix { float32(matrix) }

  /// M⁻¹
  var float32Inverse: Matrix { float32(inverse) }

  private func float32(_ values: [Double]) -> Matrix {
    Matrix(rows: dimension, columns: dimension, values: values.lazy.map { Float($0) })
  }
}
