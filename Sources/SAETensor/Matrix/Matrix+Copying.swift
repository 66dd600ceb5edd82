extension Matrix {
  /// Overwrites rows with rows of another matrix of the same width.
  package mutating func copyRows(_ range: Range<Int>, of other: Matrix, to row: Int) {
    precondition(
      other.columns == columns && range.lowerBound >= 0 && range.upperBound <= other.rows
        && row >= 0 && row + range.count <= rows,
      "rows \(range) of \(other.shape) do not fit \(shape) from row \(row) on")
    let width = columns
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      unsafe (base + row * width).update(
        from: other.view.pointer + range.lowerBound * width, count: range.count * width)
    }
    withExtendedLifetime(other) {}
  }

  /// Overwrites a block with another matrix, from a row and a column on.
  package mutating func copy(_ other: Matrix, toRow row: Int, column: Int) {
    precondition(
      row >= 0 && row + other.rows <= rows && column >= 0 && column + other.columns <= columns,
      "\(other.shape) does not fit \(shape) from row \(row) and column \(column) on")
    let width = columns
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      for index in 0..<other.rows {
        unsafe (base + (row + index) * width + column).update(
          from: other.view.pointer + index * other.columns, count: other.columns)
      }
    }
    withExtendedLifetime(other) {}
  }

  /// Overwrites a row with another of this matrix.
  package mutating func moveRow(_ from: Int, to row: Int) {
    precondition(
      from >= 0 && from < rows && row >= 0 && row < rows,
      "rows \(from) and \(row) do not both lie in \(shape)")
    let width = columns
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      unsafe (base + row * width).update(from: base + from * width, count: width)
    }
  }
}
