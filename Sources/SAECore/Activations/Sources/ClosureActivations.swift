/// Activations that a closure makes when they are asked for.
///
///     let source = ClosureActivations(width: 768, tokens: count) { rows in try read(rows) }
///
/// The closure has to give equal rows each time, and may be called from any thread.
public struct ClosureActivations: HintedActivations {
  public let width: Int
  public let tokens: Int
  public let blocks: RowBlocks
  private let rows: @Sendable (Range<Int>) throws -> Matrix

  /// A source of so many rows.
  ///
  /// - Parameters:
  ///   - blockTokens: rows that cost no more together than one of them, counted from row 0.
  ///   - rows: makes some of the rows 0 ..< tokens, as many as were asked for × width.
  ///   - tokens: how many rows there are.
  ///   - width: how wide they are.
  public init(
    width: Int, tokens: Int, blockTokens: Int = 1,
    rows: @escaping @Sendable (Range<Int>) throws -> Matrix
  ) {
    self.width = width
    self.tokens = tokens
    blocks = RowBlocks(of: max(1, blockTokens), rows: tokens)
    self.rows = rows
  }

  /// - Throws: what the closure throws, and ``ShapeError`` if it gives another shape.
  public func read(_ range: Range<Int>, into matrix: inout Matrix, at row: Int) throws {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= tokens,
      "rows \(range) lie outside \(tokens) tokens")
    let made = try rows(range)
    try ShapeError.check("activations", "rows", expected: range.count, found: made.rows)
    try ShapeError.check("activations", "columns", expected: width, found: made.columns)
    matrix.copyRows(0..<range.count, of: made, to: row)
  }
}

extension SyntheticActivations {
  /// Some tokens of the endless sequence as a source, made when they are asked for.
  ///
  /// - Precondition: the range begins at 0 or later.
  public func source(_ tokens: Range<Int>) -> ClosureActivations {
    precondition(tokens.lowerBound >= 0, "there is no token \(tokens.lowerBound)")
    return ClosureActivations(width: options.width, tokens: tokens.count) { rows in
      sample(tokens.lowerBound + rows.lowerBound..<tokens.lowerBound + rows.upperBound).activations
    }
  }
}
