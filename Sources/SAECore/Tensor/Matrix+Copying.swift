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
