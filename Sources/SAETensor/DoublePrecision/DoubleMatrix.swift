/// A row-major matrix of doubles, for sums and solutions that float32 would spoil.
package struct DoubleMatrix: Sendable, Equatable {
  package let rows: Int
  package let columns: Int
  /// Elements, row after row.
  package var values: [Double]

  package init(rows: Int, columns: Int, repeating value: Double = 0) {
    precondition(rows >= 0 && columns >= 0, "a matrix cannot be \(rows) × \(columns)")
    self.rows = rows
    self.columns = columns
    values = [Double](repeating: value, count: rows * columns)
  }

  package init(rows: Int, columns: Int, values: [Double]) {
    precondition(
      values.count == rows * columns, "\(values.count) values do not fill \(rows) × \(columns)")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// "rows × columns", for messages.
  package var shape: String { "\(rows) × \(columns)" }

  package subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// A copy of a block.
  package subscript(rows rowRange: Range<Int>, columns columnRange: Range<Int>) -> DoubleMatrix {
    var block = DoubleMatrix(rows: rowRange.count, columns: columnRange.count)
    for (target, row) in rowRange.enumerated() {
      let source = row * columns
      block.values.replaceSubrange(
        target * columnRange.count..<(target + 1) * columnRange.count,
        with: values[source + columnRange.lowerBound..<source + columnRange.upperBound])
    }
    return block
  }

  /// The matrix as a factor of a product.
  package var factor: DoubleFactor { DoubleFactor(matrix: self, transposed: false) }

  /// The matrix with rows and columns exchanged as a factor of a product.
  package var transposedFactor: DoubleFactor { DoubleFactor(matrix: self, transposed: true) }

  /// Exchanges rows and columns.
  package func transposed() -> DoubleMatrix {
    var result = DoubleMatrix(rows: columns, columns: rows)
    for row in 0..<rows {
      for column in 0..<columns { result[column, row] = self[row, column] }
    }
    return result
  }
}

/// A matrix, or its transposition, as a factor of a product.
package struct DoubleFactor: Sendable {
  let matrix: DoubleMatrix
  let transposed: Bool

  package var rows: Int { transposed ? matrix.columns : matrix.rows }
  var columns: Int { transposed ? matrix.rows : matrix.columns }
  var rowStride: Int { transposed ? 1 : matrix.columns }
  var columnStride: Int { transposed ? matrix.columns : 1 }
}
