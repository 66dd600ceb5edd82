import SAECore

/// Activations of which every row that is read has to be finite.
struct FiniteActivations: HintedActivations {
  let source: any ActivationSource

  init(_ source: any ActivationSource) { self.source = source }

  var width: Int { source.width }
  var tokens: Int { source.tokens }
  var blocks: RowBlocks { source.blocks }

  /// - Throws: `FileError`, and what keeps the rows from being read.
  func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws {
    try source.read(rows, into: &matrix, at: row)
    try source.checkFinite(rows, in: matrix, at: row)
  }

  func prepare(_ ranges: [Range<Int>]) { source.prepare(ranges) }

  func release(_ rows: Range<Int>) { source.release(rows) }

  func place(ofRow row: Int, column: Int) -> ElementPlace {
    source.place(ofRow: row, column: column)
  }
}
