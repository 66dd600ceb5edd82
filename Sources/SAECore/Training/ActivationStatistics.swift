/// What normalisation needs to know of activations, gathered batch by batch in one pass.
///
/// All means are over tokens, however they are split into batches.
public struct ActivationStatistics: Sendable, Equatable {
  /// d_in
  public let dimension: Int
  /// Tokens seen.
  public private(set) var tokens = 0

  private var normSum = 0.0
  private var squaredNormSum = 0.0
  private var sums: [Double]
  private var moments: SecondMoments?

  /// - Parameters:
  ///   - dimension: the activations' width.
  ///   - includesCovariance: whether ``covariance`` is wanted too, at a cost of width² a token.
  public init(dimension: Int, includesCovariance: Bool = false) {
    self.dimension = dimension
    sums = [Double](repeating: 0, count: dimension)
    moments = includesCovariance ? SecondMoments(dimension: dimension) : nil
  }

  /// Adds a batch, tokens × width.
  ///
  /// - Throws: ``ShapeError`` if the width is another.
  public mutating func add(_ batch: Matrix) throws(ShapeError) {
    try ShapeError.check("activations", "columns", expected: dimension, found: batch.columns)
    for norm in batch.rowNorms() {
      normSum += Double(norm)
      squaredNormSum += Double(norm) * Double(norm)
    }
    let batchSums = batch.columnSums()
    for index in sums.indices { sums[index] += batchSums[index] }
    moments?.add(batch)
    tokens += batch.rows
  }

  /// Mean of ‖x‖; NaN before the first token.
  public var meanNorm: Double { normSum / Double(tokens) }

  /// Mean of ‖x‖²; NaN before the first token.
  public var meanSquaredNorm: Double { squaredNormSum / Double(tokens) }

  /// Mean of x; NaN before the first token.
  public var mean: [Double] { sums.map { $0 / Double(tokens) } }

  /// The covariance matrix, width × width, divisor tokens − 1; nil unless it was asked for and there
  /// are two tokens.
  public var covariance: [Double]? {
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
