/// The statistics that normalizations are fitted to, gathered batch by batch in one pass.
///
/// All means are over tokens, however they are split into batches.
package struct ActivationStatistics: Sendable, Equatable {
  /// d_in
  package let dimension: Int
  /// Tokens seen.
  package private(set) var tokens = 0
  /// What distances are measured from, such as the ``mean`` that an earlier pass has found.
  package let center: [Double]?

  private var normSum = 0.0
  private var distanceSum = 0.0
  private var squaredNormSum = 0.0
  private var sums: [Double]
  private var moments: SecondMoments?

  /// - Parameters:
  ///   - dimension: the activations' width.
  ///   - includesCovariance: whether ``covariance`` is wanted too, at a cost of width² a token.
  ///   - center: what ``meanDistance`` is measured from, a number for each dimension; nil where it is
  ///     not wanted.
  package init(dimension: Int, includesCovariance: Bool = false, center: [Double]? = nil) {
    precondition(
      center == nil || center?.count == dimension,
      "a center of \(center?.count ?? 0) numbers for \(dimension) dimensions")
    self.dimension = dimension
    self.center = center
    sums = [Double](repeating: 0, count: dimension)
    moments = includesCovariance ? SecondMoments(dimension: dimension) : nil
  }

  /// Adds a batch, tokens × width.
  ///
  /// - Throws: ``ShapeError`` if the width is another.
  package mutating func add(_ batch: Matrix) throws(ShapeError) {
    try ShapeError.check("activations", "columns", expected: dimension, found: batch.columns)
    for (row, norm) in batch.rowNorms().enumerated() {
      let norm = Self.norm(norm, of: batch, row, from: nil)
      normSum += norm
      squaredNormSum += norm * norm
    }
    if let center {
      for (row, distance) in batch.rowDistances(to: center.map { Float($0) }).enumerated() {
        distanceSum += Self.norm(distance, of: batch, row, from: center)
      }
    }
    let batchSums = batch.columnSums()
    for index in sums.indices { sums[index] += batchSums[index] }
    moments?.add(batch)
    tokens += batch.rows
  }

  /// A norm, or where its square was too large or too small for single precision, the same in double.
  private static func norm(
    _ norm: Float, of batch: Matrix, _ row: Int, from center: [Double]?
  ) -> Double {
    guard norm < 1e-18 || !norm.isFinite else { return Double(norm) }
    let values = batch.row(row)
    var sum = 0.0
    for column in values.indices {
      let difference = Double(values[column]) - Double(Float(center?[column] ?? 0))
      sum += difference * difference
    }
    return sum.squareRoot()
  }

  /// Mean of ‖x‖; NaN before the first token.
  package var meanNorm: Double { normSum / Double(tokens) }

  /// Mean of ‖x‖²; NaN before the first token.
  package var meanSquaredNorm: Double { squaredNormSum / Double(tokens) }

  /// Mean of ‖x − center‖; nil without a center, NaN before the first token.
  package var meanDistance: Double? { center.map { _ in distanceSum / Double(tokens) } }

  /// Mean of x; NaN before the first token.
  package var mean: [Double] { sums.map { $0 / Double(tokens) } }

  /// The covariance matrix, width × width, divisor tokens − 1; nil unless it was asked for and there
  /// are two tokens.
  package var covariance: [Double]? {
    guard let moments, tokens > 1 else { return nil }
    let mean = mean
    var result = [Double](repeating: 0, count: dimension * dimension)
    for i in 0..<dimension {
      for j in i..<dimension {
        let value = (moments[i, j] - Double(tokens) * mean[i] * mean[j]) / Double(tokens - 1)
        result[i * dimension + j] = value
        result[j * dimension + i] = value
      }
    }
    return result
  }
}
