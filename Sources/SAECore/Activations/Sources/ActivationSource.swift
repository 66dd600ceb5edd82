/// Rows of activations that can be read in any order: a matrix, a file, a list of shards.
///
/// A source that reads faster in some order, or that wraps another source, conforms to
/// ``HintedActivations``.
public protocol ActivationSource: Sendable {
  /// Columns.
  var width: Int { get }
  /// Rows.
  var tokens: Int { get }

  /// Reads rows into a matrix that is there already, from its row `row` on.
  ///
  /// - Throws: what keeps the rows from being read.
  func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws
}

extension ActivationSource {
  /// A copy of some rows.
  public func matrix(rows: Range<Int>) throws -> Matrix {
    var matrix = Matrix(rows: rows.count, columns: width)
    try read(rows, into: &matrix, at: 0)
    return matrix
  }

  /// A copy of the rows of several ranges, which are read one after another.
  func matrix(readingEach ranges: [Range<Int>]) throws -> Matrix {
    var matrix = Matrix(rows: ranges.reduce(0) { $0 + $1.count }, columns: width)
    var row = 0
    for range in ranges {
      try read(range, into: &matrix, at: row)
      row += range.count
    }
    return matrix
  }
}

extension Matrix: ActivationSource {
  public var width: Int { columns }
  public var tokens: Int { rows }

  public func read(_ range: Range<Int>, into matrix: inout Matrix, at row: Int) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= rows && matrix.columns == columns && row >= 0
        && row + range.count <= matrix.rows,
      "rows \(range) of \(shape) do not fit \(matrix.shape) from row \(row) on")
    matrix.copyRows(range, of: self, to: row)
  }
}

extension StoredTensor: HintedActivations {
  public var width: Int { columns }
  public var tokens: Int { rows }

  public func read(
    _ range: Range<Int>, into matrix: inout Matrix, at row: Int
  ) throws(FileError) {
    try read(rows: range, into: &matrix, at: row)
  }

  public func release(_ rows: Range<Int>) { release(rows: rows) }

  public func place(ofRow row: Int, column: Int) -> ElementPlace {
    ElementPlace("\(file): tensor \"\(name)\"", row: row, column: column)
  }
}
