public import SAECore

/// How close reconstructions x̂ come to activations x, over any number of batches.
///
/// Every ratio is made once, from sums over all counted tokens, in double. The batches that tokens
/// come in and the number of threads change no bit of the result; merged accumulators agree with
/// one pass to rounding.
///
/// - Complexity: O(tokens · width) per update; nine doubles per dimension are kept.
public struct ReconstructionMetrics: Metric {
  /// Columns of activations and reconstructions.
  public let width: Int
  private var moments: ErrorMoments
  private var sums = TokenSums()

  /// Measures for activations of `width` elements.
  public init(width: Int) {
    precondition(width >= 0, "activations cannot be \(width) wide")
    self.width = width
    moments = ErrorMoments(width: width)
  }

  /// Adds the counted tokens of a batch.
  ///
  /// - Parameter batch: with activations and reconstruction of the width, in one scale.
  /// - Throws: `ShapeError` if a width differs.
  public mutating func update(_ batch: EncodedBatch) throws(ShapeError) {
    try batch.check(width: width)
    add(batch.activations, batch.reconstruction, rows: batch.rows)
  }

  /// Adds rows of matrices that fit.
  ///
  /// - Returns: what each row gives by itself.
  @discardableResult
  mutating func add(
    _ activations: Matrix, _ reconstruction: Matrix, rows: [UInt32]
  ) -> [RowProducts] {
    moments.add(activations, reconstruction, rows: rows)
    let products = activations.rowProducts(with: reconstruction, rows: rows)
    for token in products { sums.add(token) }
    return products
  }

  /// Σ(x − K) of each dimension, and Σ‖x − K‖² as the last number; K is the first counted token.
  var shiftedSums: [Double] {
    (0..<width).map(moments.shiftedSum) + [
      (0..<width).reduce(0) { $0 + moments.shiftedSquares($1) }
    ]
  }

  /// Adds what another accumulator has counted.
  ///
  /// - Throws: `ShapeError` if its width is another.
  public mutating func merge(_ other: ReconstructionMetrics) throws(ShapeError) {
    try ShapeError.check(
      "merged reconstruction metrics", "columns", expected: width, found: other.width)
    moments.merge(other.moments)
    sums.merge(other.sums)
  }

  /// x̄ of the counted tokens, undefined if there are none.
  public var activationMean: [Double]? {
    moments.count == 0 ? nil : (0..<width).map(moments.mean)
  }

  /// The metrics of all tokens so far.
  public var value: Value { Value(width: width, moments: moments, sums: sums) }
}

/// Sums over tokens of what each token gives by itself.
struct TokenSums: Sendable {
  var tokens = 0
  var nonFiniteTokens = 0
  var nonFiniteActivations = 0
  var nonFiniteReconstructions = 0
  /// Tokens with ‖x‖ > 0, and with ‖x‖ > 0 and ‖x̂‖ > 0.
  var tokensWithNorm = 0
  var tokensWithBothNorms = 0

  var squaredError = 0.0
  var errorNorm = 0.0
  var squaredNorm = 0.0
  var norm = 0.0
  var squaredReconstructionNorm = 0.0
  var reconstructionNorm = 0.0
  var product = 0.0
  var relativeSquaredError = 0.0
  var normRatio = 0.0
  var cosine = 0.0

  mutating func add(_ token: RowProducts) {
    // Squares of floats do not overflow in double: a sum is finite if and only if its terms are.
    let finite = token.squaredNorm.isFinite
    let finiteReconstruction = token.squaredReconstructionNorm.isFinite
    tokens += 1
    if !finite { nonFiniteActivations += 1 }
    if !finiteReconstruction { nonFiniteReconstructions += 1 }
    if !finite || !finiteReconstruction { nonFiniteTokens += 1 }

    let length = token.squaredNorm.squareRoot()
    let reconstructionLength = token.squaredReconstructionNorm.squareRoot()
    squaredError += token.squaredError
    errorNorm += token.squaredError.squareRoot()
    squaredNorm += token.squaredNorm
    norm += length
    squaredReconstructionNorm += token.squaredReconstructionNorm
    reconstructionNorm += reconstructionLength
    product += token.product
    guard length != 0 else { return }
    tokensWithNorm += 1
    relativeSquaredError += token.squaredError / token.squaredNorm
    normRatio += reconstructionLength / length
    guard reconstructionLength != 0 else { return }
    tokensWithBothNorms += 1
    cosine += token.product / (length * reconstructionLength)
  }

  mutating func merge(_ other: TokenSums) {
    tokens += other.tokens
    nonFiniteTokens += other.nonFiniteTokens
    nonFiniteActivations += other.nonFiniteActivations
    nonFiniteReconstructions += other.nonFiniteReconstructions
    tokensWithNorm += other.tokensWithNorm
    tokensWithBothNorms += other.tokensWithBothNorms
    squaredError += other.squaredError
    errorNorm += other.errorNorm
    squaredNorm += other.squaredNorm
    norm += other.norm
    squaredReconstructionNorm += other.squaredReconstructionNorm
    reconstructionNorm += other.reconstructionNorm
    product += other.product
    relativeSquaredError += other.relativeSquaredError
    normRatio += other.normRatio
    cosine += other.cosine
  }
}
