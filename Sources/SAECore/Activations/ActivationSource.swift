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

  /// Rows that cost no more together than one of them, counted from row 0; 1 where each row costs
  /// the same. Who reads everything in pieces best reads whole multiples.
  var blockTokens: Int { get }

  /// Says what will be read next, in this order, so that a source can begin with it.
  func prepare(_ ranges: [Range<Int>])

  /// Says that rows are not needed soon, so that a source can give back what memory it holds for
  /// them.
  func release(_ rows: Range<Int>)
}

extension ActivationSource {
  public var targetWidth: Int { 0 }

  public var blockTokens: Int { 1 }

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
  ) throws(TensorFileError) {
    try read(rows: range, into: &matrix, at: row)
  }

  public func release(_ rows: Range<Int>) { release(rows: rows) }
}

/// Several sources one after another, such as the shards of a harvest.
public struct ConcatenatedActivations: ActivationSource {
  /// The sources in the order in which they are read.
  public let sources: [any ActivationSource]
  public let width: Int
  public let tokens: Int
  public let targetWidth: Int
  /// The first row of each source, and the end.
  private let offsets: [Int]

  /// Sources of equal width.
  ///
  /// - Throws: ``ShapeError`` if there is no source, or their widths or those of their targets differ.
  public init(_ sources: [any ActivationSource]) throws(ShapeError) {
    guard let first = sources.first else {
      throw ShapeError("activations", "sources or more", expected: 1, found: 0)
    }
    var offsets = [0]
    for (index, source) in sources.enumerated() {
      try ShapeError.check(
        "activations, source \(index + 1)", "columns", expected: first.width, found: source.width)
      try ShapeError.check(
        "targets, source \(index + 1)", "columns", expected: first.targetWidth,
        found: source.targetWidth)
      offsets.append(offsets[index] + source.tokens)
    }
    self.sources = sources
    self.offsets = offsets
    width = first.width
    tokens = offsets[sources.count]
    targetWidth = first.targetWidth
  }

  public func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= tokens,
      "rows \(rows) lie outside \(tokens) tokens")
    for (index, part) in parts(of: rows) {
      try sources[index].read(
        part, into: &matrix, at: row + offsets[index] + part.lowerBound - rows.lowerBound)
    }
  }

  public func release(_ rows: Range<Int>) {
    for (index, part) in parts(of: rows.clamped(to: 0..<tokens)) { sources[index].release(part) }
  }

  /// The sources that rows are in, and which of their rows they are.
  private func parts(of rows: Range<Int>) -> [(source: Int, rows: Range<Int>)] {
    guard !rows.isEmpty else { return [] }
    var parts: [(source: Int, rows: Range<Int>)] = []
    var index = source(of: rows.lowerBound)
    while index < sources.count, offsets[index] < rows.upperBound {
      let part = rows.clamped(to: offsets[index]..<offsets[index + 1])
      if !part.isEmpty {
        parts.append((index, part.lowerBound - offsets[index]..<part.upperBound - offsets[index]))
      }
      index += 1
    }
    return parts
  }

  /// The source that a row is in, by halving.
  private func source(of row: Int) -> Int {
    var low = 0
    var high = sources.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsets[middle] <= row { low = middle } else { high = middle }
    }
    return low
  }
}
