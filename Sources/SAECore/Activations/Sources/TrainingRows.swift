/// The rows that a run trains on: inputs, each followed by its target where a target is not the input.
///
/// Row i is row i of the inputs and, behind it, row i of the targets: one order of rows serves both.
package struct TrainingRows: HintedActivations {
  /// What is encoded.
  package let inputs: any ActivationSource
  /// What is reconstructed, unless that is the inputs.
  package let targets: (any ActivationSource)?

  package var width: Int { inputs.width + targetWidth }
  package var tokens: Int { inputs.tokens }
  /// Columns of the targets; 0 without targets.
  package var targetWidth: Int { targets?.width ?? 0 }
  /// Those of the source with the larger blocks.
  package var blocks: RowBlocks {
    let inputs = inputs.blocks
    guard let targets = targets?.blocks else { return inputs }
    return inputs.largest >= targets.largest ? inputs : targets
  }

  /// Pairs the rows of two sources, which may be of different widths.
  ///
  /// - Throws: ``ShapeError`` if one has more rows than the other, or no columns.
  package init(
    _ inputs: any ActivationSource, targets: (any ActivationSource)?
  ) throws(ShapeError) {
    if let targets {
      try ShapeError.check("targets", "rows", expected: inputs.tokens, found: targets.tokens)
      for (name, source) in [("inputs", inputs), ("targets", targets)] where source.width < 1 {
        throw ShapeError(name, "columns or more", expected: 1, found: source.width)
      }
    }
    self.inputs = inputs
    self.targets = targets
  }

  /// Rows of this source as inputs and targets.
  func split(_ rows: Matrix) -> (inputs: Matrix, targets: Matrix) {
    let all = 0..<rows.rows
    return (
      Matrix(rows[rows: all, columns: 0..<inputs.width]),
      Matrix(rows[rows: all, columns: inputs.width..<width])
    )
  }

  package func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws {
    guard let targets else { return try inputs.read(rows, into: &matrix, at: row) }
    matrix.copy(try inputs.matrix(rows: rows), toRow: row, column: 0)
    matrix.copy(try targets.matrix(rows: rows), toRow: row, column: inputs.width)
  }

  package func matrix(rows ranges: [Range<Int>]) throws -> Matrix {
    guard let targets else { return try inputs.matrix(rows: ranges) }
    var matrix = Matrix(rows: ranges.reduce(0) { $0 + $1.count }, columns: width)
    matrix.copy(try inputs.matrix(rows: ranges), toRow: 0, column: 0)
    matrix.copy(try targets.matrix(rows: ranges), toRow: 0, column: inputs.width)
    return matrix
  }

  package func prepare(_ ranges: [Range<Int>]) {
    inputs.prepare(ranges)
    targets?.prepare(ranges)
  }

  package func release(_ rows: Range<Int>) {
    inputs.release(rows)
    targets?.release(rows)
  }

  package func place(ofRow row: Int, column: Int) -> ElementPlace {
    guard let targets else { return inputs.place(ofRow: row, column: column) }
    let isInput = column < inputs.width
    let place =
      isInput
      ? inputs.place(ofRow: row, column: column)
      : targets.place(ofRow: row, column: column - inputs.width)
    return ElementPlace(
      place.subject ?? (isInput ? "inputs" : "targets"), row: place.row, column: place.column)
  }
}
