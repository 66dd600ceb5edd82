/// Rows of activations that can be read in any order: a matrix, a file, a list of shards.
public protocol ActivationSource: Sendable {
  /// Columns.
  var width: Int { get }
  /// Rows.
  var tokens: Int { get }
  /// How many of the last columns of a row are what a transcoder is to make of the others; 0 by
  /// default. A source around another one passes its number on. See ``PairedActivations``.
  var targetWidth: Int { get }

  /// Reads rows into a matrix that is there already, from its row `row` on.
  ///
  /// - Throws: what keeps the rows from being read.
  func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws

  /// A copy of the rows of several ranges, one range after another.
  ///
  /// - Throws: what keeps the rows from being read.
  func matrix(rows ranges: [Range<Int>]) throws -> Matrix

  /// What rows cost no more together than one of them; blocks of 1 where each row costs the same. It
  /// is cheapest to read whole blocks.
  var blocks: RowBlocks { get }

  /// Says what will be read next, in this order, so that a source can begin with it.
  func prepare(_ ranges: [Range<Int>])

  /// Says that rows are not needed soon, so that a source can give back what memory it holds for
  /// them.
  func release(_ rows: Range<Int>)

  /// Where a number is stored, for messages. A source around another one says where that has it.
  func place(ofRow row: Int, column: Int) -> ElementPlace
}

extension ActivationSource {
  public var targetWidth: Int { 0 }

  public var blocks: RowBlocks { RowBlocks(of: 1, rows: tokens) }

  public func place(ofRow row: Int, column: Int) -> ElementPlace {
    ElementPlace(row: row, column: column)
  }

  public func prepare(_ ranges: [Range<Int>]) {}

  public func release(_ rows: Range<Int>) {}

  public func matrix(rows ranges: [Range<Int>]) throws -> Matrix {
    var matrix = Matrix(rows: ranges.reduce(0) { $0 + $1.count }, columns: width)
    var row = 0
    for range in ranges {
      try read(range, into: &matrix, at: row)
      row += range.count
    }
    return matrix
  }

  /// A copy of some rows.
  public func matrix(rows: Range<Int>) throws -> Matrix {
    var matrix = Matrix(rows: rows.count, columns: width)
    try read(rows, into: &matrix, at: 0)
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

extension StoredTensor: ActivationSource {
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
