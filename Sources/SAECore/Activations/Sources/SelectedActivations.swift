/// Some rows of a source, one range after another.
public struct SelectedActivations: HintedActivations {
  /// Where the rows come from.
  public let source: any ActivationSource
  /// The rows that are taken, in this order.
  public let ranges: [Range<Int>]
  /// The first row of each range, and the end.
  private let offsets: [Int]

  public var width: Int { source.width }
  public var tokens: Int { offsets[ranges.count] }
  public let blocks: RowBlocks

  /// Takes ranges of rows.
  ///
  /// - Precondition: they lie in the source.
  public init(_ source: any ActivationSource, _ ranges: [Range<Int>]) {
    precondition(
      ranges.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= source.tokens },
      "ranges lie outside \(source.tokens) rows")
    let ranges = ranges.filter { !$0.isEmpty }
    self.source = source
    self.ranges = ranges
    offsets = ranges.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    blocks = source.blocks.selecting(ranges)
  }

  public func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= tokens,
      "rows \(rows) lie outside \(tokens) tokens")
    let parts = parts(of: rows)
    guard parts.count > 1 else {
      if let part = parts.first { try source.read(part, into: &matrix, at: row) }
      return
    }
    // Together: they may lie in one block.
    matrix.copy(try source.matrix(rows: parts), toRow: row, column: 0)
  }

  public func matrix(rows ranges: [Range<Int>]) throws -> Matrix {
    try source.matrix(rows: ranges.flatMap { parts(of: $0) })
  }

  public func prepare(_ ranges: [Range<Int>]) {
    source.prepare(ranges.flatMap { parts(of: $0) })
  }

  public func release(_ rows: Range<Int>) {
    for part in parts(of: rows.clamped(to: 0..<tokens)) { source.release(part) }
  }

  public func place(ofRow row: Int, column: Int) -> ElementPlace {
    let found = parts(of: row..<row + 1)
    return source.place(ofRow: found.first?.lowerBound ?? row, column: column)
  }

  /// The rows of the source.
  private func parts(of rows: Range<Int>) -> [Range<Int>] {
    guard !rows.isEmpty else { return [] }
    // The last range that begins at or before the first row, by halving.
    var (low, high) = (0, ranges.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsets[middle] <= rows.lowerBound { low = middle } else { high = middle }
    }
    var parts: [Range<Int>] = []
    while low < ranges.count, offsets[low] < rows.upperBound {
      let own = rows.clamped(to: offsets[low]..<offsets[low + 1])
      let first = ranges[low].lowerBound + own.lowerBound - offsets[low]
      parts.append(first..<first + own.count)
      low += 1
    }
    return parts
  }
}
