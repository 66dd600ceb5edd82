/// A = L Lᵀ of a symmetric positive definite matrix, in double.
///
/// Blocked, right-looking: a block of columns is factored, then the rest of the matrix is updated by a
/// product.
package struct CholeskyFactorization: Sendable {
  /// L below and on the diagonal; elements above are not part of it.
  private var lower: DoubleMatrix

  private static let block = 64

  /// Factors a matrix of which only the upper triangle is read.
  ///
  /// Returns nil if it is not positive definite to the precision of double: a pivot is not above
  /// rows · 2⁻⁵² times its own diagonal element.
  package init?(upper matrix: DoubleMatrix) {
    precondition(matrix.rows == matrix.columns, "\(matrix.shape) is not square")
    lower = matrix.transposed()
    let count = matrix.rows
    let least = (0..<count).map { Double(count) * .ulpOfOne * lower[$0, $0] }
    for begin in stride(from: 0, to: count, by: CholeskyFactorization.block) {
      let end = min(begin + CholeskyFactorization.block, count)
      guard factorDiagonal(begin..<end, least: least) else { return nil }
      guard end < count else { continue }
      solvePanel(rows: end..<count, columns: begin..<end)
      // A22 −= L21 L21ᵀ
      let panel = lower[rows: end..<count, columns: begin..<end]
      lower.addLowerProduct(panel, row: end)
    }
  }

  /// Unblocked factorization of one block on the diagonal.
  private mutating func factorDiagonal(_ range: Range<Int>, least: [Double]) -> Bool {
    for column in range {
      var pivot = lower[column, column]
      for k in range.lowerBound..<column { pivot -= lower[column, k] * lower[column, k] }
      // Written so that NaN fails.
      guard pivot > least[column], pivot.isFinite else { return false }
      let root = pivot.squareRoot()
      lower[column, column] = root
      for row in column + 1..<max(column + 1, range.upperBound) {
        var sum = lower[row, column]
        for k in range.lowerBound..<column { sum -= lower[row, k] * lower[column, k] }
        lower[row, column] = sum / root
      }
    }
    return true
  }

  /// L21 = A21 L11⁻ᵀ, each row by itself.
  private mutating func solvePanel(rows: Range<Int>, columns: Range<Int>) {
    let diagonal = lower[rows: columns, columns: columns]
    let width = columns.count
    let panel = lower[rows: rows, columns: columns]
    let solved = Parallel.map(rows.count) { row in
      var values = Array(panel.values[row * width..<(row + 1) * width])
      for column in 0..<width {
        var sum = values[column]
        for k in 0..<column { sum -= values[k] * diagonal[column, k] }
        values[column] = sum / diagonal[column, column]
      }
      return values
    }
    for (index, row) in rows.enumerated() {
      for column in 0..<width { lower[row, columns.lowerBound + column] = solved[index][column] }
    }
  }

  /// X of A X = B.
  package func solve(_ right: DoubleMatrix) -> DoubleMatrix {
    precondition(right.rows == lower.rows, "\(right.shape) does not fit \(lower.shape)")
    var x = right
    let count = lower.rows
    let begins = Array(stride(from: 0, to: count, by: CholeskyFactorization.block))
    let all = 0..<right.columns
    for begin in begins {
      let end = min(begin + CholeskyFactorization.block, count)
      let solved = substitute(x[rows: begin..<end, columns: all], begin..<end, forward: true)
      x.values.replaceSubrange(begin * all.count..<end * all.count, with: solved.values)
      let below = lower[rows: end..<count, columns: begin..<end]
      x.addProduct(below.factor, solved.factor, scale: -1, row: end)
    }
    for begin in begins.reversed() {
      let end = min(begin + CholeskyFactorization.block, count)
      let solved = substitute(x[rows: begin..<end, columns: all], begin..<end, forward: false)
      x.values.replaceSubrange(begin * all.count..<end * all.count, with: solved.values)
      let left = lower[rows: begin..<end, columns: 0..<begin]
      x.addProduct(left.transposedFactor, solved.factor, scale: -1)
    }
    return x
  }

  /// Solves with one block on the diagonal, or its transposition; columns are shared by threads.
  private func substitute(
    _ right: DoubleMatrix, _ range: Range<Int>, forward: Bool
  ) -> DoubleMatrix {
    let diagonal = lower[rows: range, columns: range]
    let size = range.count
    let strip = 32
    let strips = Parallel.map((right.columns + strip - 1) / strip) { index in
      let columns = index * strip..<min((index + 1) * strip, right.columns)
      var x = right[rows: 0..<size, columns: columns]
      for step in 0..<size {
        let row = forward ? step : size - 1 - step
        let others = forward ? 0..<row : row + 1..<size
        for column in 0..<columns.count {
          var sum = x[row, column]
          for k in others {
            sum -= (forward ? diagonal[row, k] : diagonal[k, row]) * x[k, column]
          }
          x[row, column] = sum / diagonal[row, row]
        }
      }
      return x
    }
    var result = DoubleMatrix(rows: size, columns: right.columns)
    for (index, part) in strips.enumerated() {
      for row in 0..<size {
        for column in 0..<part.columns {
          result[row, index * strip + column] = part[row, column]
        }
      }
    }
    return result
  }
}

extension DoubleMatrix {
  /// Subtracts panel · panelᵀ from the block on the diagonal that begins at `row`; rows are done in
  /// strips, each up to its diagonal.
  fileprivate mutating func addLowerProduct(_ panel: DoubleMatrix, row: Int) {
    let strip = 512
    for begin in stride(from: 0, to: panel.rows, by: strip) {
      let end = min(begin + strip, panel.rows)
      let rows = panel[rows: begin..<end, columns: 0..<panel.columns]
      let columns = panel[rows: 0..<end, columns: 0..<panel.columns]
      addProduct(
        rows.factor, columns.transposedFactor, scale: -1, row: row + begin, column: row)
    }
  }
}
