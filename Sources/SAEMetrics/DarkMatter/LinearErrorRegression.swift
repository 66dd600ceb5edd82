public import SAECore

/// Sums for the regression of an SAE's error e = x − x̂, and of ‖e‖², on the activations x: the
/// normal equations, in double, relative to the first token.
///
/// One pass over the training tokens; the same bits for any batches and threads.
///
/// Source: Engels, Riggs and Tegmark 2024, arXiv 2410.14670, section 3.
///
/// - Complexity: O(tokens · width²) time; 2 (width + 1)² doubles are kept, 85 MB at width 2304.
public struct LinearErrorRegression: Sendable {
  /// Columns of the activations.
  public let width: Int
  /// Counted tokens.
  public private(set) var tokens = 0
  /// Counted tokens with a NaN or infinity.
  public private(set) var nonFiniteTokens = 0
  /// K, of each column of the table: x, 1, e, ‖e‖².
  private var shifts: [Double]
  /// Σ (x − K, 1)ᵀ (x − K, 1, e − K, ‖e‖² − K), its upper part.
  private var sums: DoubleMatrix

  /// A regression between vectors of `width` elements.
  public init(width: Int) {
    precondition(width > 0, "a regression on activations of width \(width) has no unknowns")
    self.width = width
    shifts = [Double](repeating: 0, count: 2 * width + 2)
    sums = DoubleMatrix(rows: width + 1, columns: 2 * width + 2)
  }

  /// Adds training tokens: the counted ones of a batch.
  ///
  /// - Parameter batch: with activations and reconstruction of the width.
  /// - Throws: `ShapeError` if a width differs.
  public mutating func update(_ batch: EncodedBatch) throws(ShapeError) {
    try batch.check(width: width)
    let rows = batch.rows
    for begin in stride(from: 0, to: rows.count, by: 256) {
      add(batch.activations, batch.reconstruction, rows[begin..<min(begin + 256, rows.count)])
    }
  }

  private mutating func add(_ x: Matrix, _ y: Matrix, _ rows: ArraySlice<UInt32>) {
    if tokens == 0, let first = rows.first {
      shifts = LinearErrorRegression.terms(x, y, Int(first))
      shifts[width] = 0
    }
    let (width, shifts) = (width, shifts)
    let begin = rows.startIndex
    let table = Parallel.map(rows.count) { index in
      var terms = LinearErrorRegression.terms(x, y, Int(rows[begin + index]))
      for column in terms.indices { terms[column] -= shifts[column] }
      return terms
    }
    let values = DoubleMatrix(
      rows: rows.count, columns: 2 * width + 2, values: Array(table.joined()))
    nonFiniteTokens += table.count { !$0[2 * width + 1].isFinite || !$0[..<width].allFinite }
    let inputs = values[rows: 0..<rows.count, columns: 0..<width + 1]
    sums.addProduct(inputs.transposedFactor, values.factor, upperOnly: true)
    tokens += rows.count
  }

  /// x, 1, e and ‖e‖² of a token.
  private static func terms(_ x: Matrix, _ y: Matrix, _ row: Int) -> [Double] {
    let (x, y) = (x.row(row), y.row(row))
    let width = x.count
    var terms = [Double](repeating: 1, count: 2 * width + 2)
    var square = 0.0
    for column in 0..<width {
      let error = Double(x[column]) - Double(y[column])
      terms[column] = Double(x[column])
      terms[width + 1 + column] = error
      square += error * error
    }
    terms[2 * width + 1] = square
    return terms
  }

  /// Adds what another accumulator has counted: equal to one pass up to rounding.
  ///
  /// - Throws: `ShapeError` if its width is another.
  public mutating func merge(_ other: LinearErrorRegression) throws(ShapeError) {
    try ShapeError.check("merged regression", "columns", expected: width, found: other.width)
    guard other.tokens > 0 else { return }
    guard tokens > 0 else {
      self = other
      return
    }
    let (mine, theirs) = (Double(tokens), Double(other.tokens))
    // Chan's update of the centered sums, taken back to this accumulator's shifts.
    let gap = shifts.indices.map { other.mean($0) - mean($0) }
    let moved = shifts.indices.map { column in
      column == width
        ? mine + theirs
        : sum(column) + other.sum(column)
          + theirs * (other.shifts[column] - shifts[column])
    }
    for row in 0..<width {
      for column in row..<2 * width + 2 where column != width {
        sums[row, column] =
          centered(row, column) + other.centered(row, column)
          + gap[row] * gap[column] * mine * theirs / (mine + theirs)
          + moved[row] * moved[column] / (mine + theirs)
      }
      sums[row, width] = moved[row]
    }
    for column in width..<2 * width + 2 { sums[width, column] = moved[column] }
    tokens += other.tokens
    nonFiniteTokens += other.nonFiniteTokens
  }

  private func sum(_ column: Int) -> Double {
    // The row of ones stands below the first columns: there its sums are those of the column.
    column < width ? sums[column, width] : sums[width, column]
  }

  private func mean(_ column: Int) -> Double {
    column == width ? 1 : shifts[column] + sum(column) / Double(tokens)
  }

  /// Σ (a − ā)(b − b̄) of a column of x and any other but that of ones.
  private func centered(_ row: Int, _ column: Int) -> Double {
    sums[row, column] - sum(row) * sum(column) / Double(tokens)
  }
}

extension LinearErrorRegression {
  /// Σ‖x − x̄‖² / width: what a relative penalty is multiplied by.
  var meanSquaredDeviation: Double {
    (0..<width).reduce(0) { $0 + centered($1, $1) } / Double(width)
  }

  /// Solves (G + λI) W = C, G = Σ (x − x̄)(x − x̄)ᵀ, C = Σ (x − x̄)(t − t̄)ᵀ, for the targets t = e and
  /// ‖e‖², with λ = `penalty` · trace G / width.
  ///
  /// - Parameters:
  ///   - penalty: α, without unit; 0 is plain least squares.
  ///   - intercept: whether b = t̄ − Wᵀx̄ is fitted as well, without penalty; else sums are not centered.
  /// - Returns: the prediction of errors from activations.
  /// - Throws: `OptionError` if there are no tokens, one of them is not finite, or the
  ///   system cannot be solved to the precision of double.
  /// - Complexity: O(width³).
  public func fit(
    penalty: Double = 1e-6, intercept: Bool = true
  ) throws(OptionError) -> LinearErrorPrediction {
    precondition(penalty >= 0 && penalty.isFinite, "\(penalty) is no penalty")
    let subject = "linear part of the error"
    guard tokens > 0 else {
      throw OptionError(subject, expected: "training tokens", found: "none")
    }
    guard nonFiniteTokens == 0 else {
      throw OptionError(
        subject, expected: "finite activations and reconstructions",
        found: "\(nonFiniteTokens) tokens with NaN or infinity")
    }
    let ridge = penalty * meanSquaredDeviation
    var gram = DoubleMatrix(rows: width, columns: width)
    var targets = DoubleMatrix(rows: width, columns: width + 1)
    for row in 0..<width {
      for column in row..<width { gram[row, column] = product(row, column, isCentered: intercept) }
      gram[row, row] += ridge
      for column in 0...width {
        targets[row, column] = product(row, width + 1 + column, isCentered: intercept)
      }
    }
    guard let factorization = CholeskyFactorization(upper: gram) else {
      // Fewer tokens than dimensions, or dimensions that are constant or depend on others.
      throw OptionError(
        subject, expected: "more tokens, or a larger penalty",
        found:
          "\(tokens) tokens of width \(width), which do not determine it with a penalty of \(penalty)"
      )
    }
    let zero = [Double](repeating: 0, count: width)
    return LinearErrorPrediction(
      trainingTokens: tokens, penalty: ridge,
      activationMean: intercept ? (0..<width).map(mean) : zero,
      targetMean: intercept ? (width + 1..<2 * width + 2).map(mean) : zero + [0],
      weights: factorization.solve(targets))
  }

  private func product(_ row: Int, _ column: Int, isCentered: Bool) -> Double {
    guard !isCentered else { return centered(row, column) }
    let count = Double(tokens)
    return centered(row, column) + count * mean(row) * mean(column)
  }
}

extension Collection where Element == Double {
  /// Whether all elements are finite.
  var allFinite: Bool { allSatisfy(\.isFinite) }
}
