extension ActivationSource {
  /// Throws if rows that were read are not finite.
  ///
  /// - Parameters:
  ///   - rows: which rows of this source they are.
  ///   - matrix: has them.
  ///   - row: the row of the matrix that they begin with.
  /// - Throws: ``FileError/notFiniteActivations(_:found:)`` with the first number that is not.
  public func checkFinite(_ rows: Range<Int>, in matrix: Matrix, at row: Int = 0)
    throws(FileError)
  {
    guard !matrix.isFinite(rows: row..<row + rows.count) else { return }
    for offset in 0..<rows.count {
      let values = matrix.row(row + offset)
      for column in values.indices where !values[column].isFinite {
        throw .notFiniteActivations(
          place(ofRow: rows.lowerBound + offset, column: column),
          found: values[column].isNaN ? "nan" : "\(values[column])")
      }
    }
  }

  /// A copy of some rows, all of them finite.
  ///
  /// - Throws: ``FileError/notFiniteActivations(_:found:)``, and what keeps the rows from being read.
  public func finiteMatrix(rows: Range<Int>) throws -> Matrix {
    let matrix = try matrix(rows: rows)
    try checkFinite(rows, in: matrix)
    return matrix
  }
}
