/// A source that says how its rows are read best, and is told what will be read. Each member has a
/// default.
///
/// A source around another one forwards all of them, so that a model at the bottom still runs whole
/// sequences and a message still names the file. Every ``ActivationSource`` has these members; one that
/// is no `HintedActivations` answers with the defaults.
public protocol HintedActivations: ActivationSource {
  /// Which rows cost no more together than one of them; blocks of 1 where each row costs the same. It
  /// is cheapest to read whole blocks.
  var blocks: RowBlocks { get }

  /// A copy of the rows of several ranges, one range after another.
  ///
  /// - Throws: what keeps the rows from being read.
  func matrix(rows ranges: [Range<Int>]) throws -> Matrix

  /// Says what will be read next, in this order, so that a source can begin with it.
  func prepare(_ ranges: [Range<Int>])

  /// Says that rows are not needed soon, so that a source can give back what memory it holds for
  /// them.
  func release(_ rows: Range<Int>)

  /// Where a number is stored, for messages. A source around another one says where that has it.
  func place(ofRow row: Int, column: Int) -> ElementPlace
}

extension HintedActivations {
  /// Blocks of 1.
  public var blocks: RowBlocks { RowBlocks(of: 1, rows: tokens) }

  /// Reads one range after another.
  public func matrix(rows ranges: [Range<Int>]) throws -> Matrix {
    try matrix(readingEach: ranges)
  }

  /// Does nothing.
  public func prepare(_ ranges: [Range<Int>]) {}

  /// Does nothing.
  public func release(_ rows: Range<Int>) {}

  /// A place by row and column alone.
  public func place(ofRow row: Int, column: Int) -> ElementPlace {
    ElementPlace(row: row, column: column)
  }
}

extension ActivationSource {
  private var hinted: (any HintedActivations)? { self as? any HintedActivations }

  /// ``HintedActivations/blocks``
  public var blocks: RowBlocks { hinted?.blocks ?? RowBlocks(of: 1, rows: tokens) }

  /// ``HintedActivations/matrix(rows:)``
  ///
  /// - Throws: what keeps the rows from being read.
  public func matrix(rows ranges: [Range<Int>]) throws -> Matrix {
    try hinted?.matrix(rows: ranges) ?? matrix(readingEach: ranges)
  }

  /// ``HintedActivations/prepare(_:)``
  public func prepare(_ ranges: [Range<Int>]) { hinted?.prepare(ranges) }

  /// ``HintedActivations/release(_:)``
  public func release(_ rows: Range<Int>) { hinted?.release(rows) }

  /// ``HintedActivations/place(ofRow:column:)``
  public func place(ofRow row: Int, column: Int) -> ElementPlace {
    hinted?.place(ofRow: row, column: column) ?? ElementPlace(row: row, column: column)
  }
}
