/// Several sources one after another, such as the shards of a harvest.
public struct ConcatenatedActivations: HintedActivations {
  /// The sources in the order in which they are read.
  public let sources: [any ActivationSource]
  public let width: Int
  public let tokens: Int
  public let blocks: RowBlocks
  /// The first row of each source, and the end.
  private let offsets: [Int]

  /// Sources of equal width.
  ///
  /// - Throws: ``ShapeError`` if there is no source, or their widths differ.
  public init(_ sources: [any ActivationSource]) throws(ShapeError) {
    guard let first = sources.first else {
      throw ShapeError("activations", "sources or more", expected: 1, found: 0)
    }
    var offsets = [0]
    for (index, source) in sources.enumerated() {
      try ShapeError.check(
        "activations, source \(index + 1)", "columns", expected: first.width, found: source.width)
      offsets.append(offsets[index] + source.tokens)
    }
    self.sources = sources
    self.offsets = offsets
    width = first.width
    tokens = offsets[sources.count]
    blocks = RowBlocks.concatenating(sources.map(\.blocks))
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

  public func matrix(rows ranges: [Range<Int>]) throws -> Matrix {
    var matrix = Matrix(rows: ranges.reduce(0) { $0 + $1.count }, columns: width)
    // All of a source together: it may read them at the cost of some.
    var wanted = [[(rows: Range<Int>, place: Int)]](repeating: [], count: sources.count)
    var place = 0
    for (index, part) in ranges.flatMap({ parts(of: $0) }) {
      wanted[index].append((part, place))
      place += part.count
    }
    for (source, parts) in zip(sources, wanted) where !parts.isEmpty {
      let read = try source.matrix(rows: parts.map(\.rows))
      var first = 0
      for part in parts {
        matrix.copyRows(first..<first + part.rows.count, of: read, to: part.place)
        first += part.rows.count
      }
    }
    return matrix
  }

  public func prepare(_ ranges: [Range<Int>]) {
    var own = [[Range<Int>]](repeating: [], count: sources.count)
    for (index, part) in ranges.flatMap({ parts(of: $0) }) { own[index].append(part) }
    // A source with nothing ahead is told so as well, and can drop what it had begun.
    for (source, parts) in zip(sources, own) { source.prepare(parts) }
  }

  public func release(_ rows: Range<Int>) {
    for (index, part) in parts(of: rows.clamped(to: 0..<tokens)) { sources[index].release(part) }
  }

  public func place(ofRow row: Int, column: Int) -> ElementPlace {
    let index = source(of: row)
    return sources[index].place(ofRow: row - offsets[index], column: column)
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
