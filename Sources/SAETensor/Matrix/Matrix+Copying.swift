extension Matrix {
  /// Overwrites rows with rows of another matrix of the same width.
  package mutating func copyRows(_ range: Range<Int>, of other: Matrix, to row: Int) {
    precondition(
      other.columns == columns && range.lowerBound >= 0 && range.upperBound <= other.rows
        && row >= 0 && row + range.count <= rows,
      "rows \(range) of \(other.shape) do not fit \(shape) from row \(row) on")
    lendMutable { rows in
      other.lend { others in
        for (offset, index) in range.enumerated() { rows.row(row + offset).copy(others.row(index)) }
      }
    }
  }

  /// Overwrites a block with another matrix, from a row and a column on.
  package mutating func copy(_ other: Matrix, toRow row: Int, column: Int) {
    precondition(
      row >= 0 && row + other.rows <= rows && column >= 0 && column + other.columns <= columns,
      "\(other.shape) does not fit \(shape) from row \(row) and column \(column) on")
    lendMutable { rows in
      other.lend { others in
        for index in 0..<others.count {
          rows.row(row + index).from(column).copy(others.row(index))
        }
      }
    }
  }

  /// Overwrites a row with another of this matrix.
  package mutating func copyRow(_ from: Int, to row: Int) {
    precondition(
      from >= 0 && from < rows && row >= 0 && row < rows,
      "rows \(from) and \(row) do not both lie in \(shape)")
    lendMutable { rows in rows.row(row).copy(rows.row(from).reading) }
  }
}
