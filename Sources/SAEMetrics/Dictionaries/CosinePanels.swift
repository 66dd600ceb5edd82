import SAECore

/// Cosines of all rows of one matrix with all rows of another, a panel at a time: the whole matrix
/// of similarities never exists.
struct CosinePanels: Sendable {
  let a: UnitRows
  let b: UnitRows

  /// Rows and columns of a panel: 16 MB.
  static let rows = 1024
  static let columns = 4096

  init(_ a: UnitRows, _ b: UnitRows) {
    precondition(
      a.rows.columns == b.rows.columns, "rows of \(a.rows.shape) and \(b.rows.shape) differ")
    self.a = a
    self.b = b
  }

  /// Rows of the first matrix.
  var count: Int { a.rows.rows }
  /// Rows of the second matrix.
  var otherCount: Int { b.rows.rows }

  /// Calls `body` with every panel, columns first, and where it begins.
  func forEach(_ body: (_ panel: Matrix, _ row: Int, _ column: Int) throws -> Void) rethrows {
    for row in stride(from: 0, to: count, by: CosinePanels.rows) {
      let rows = row..<min(row + CosinePanels.rows, count)
      for column in stride(from: 0, to: otherCount, by: CosinePanels.columns) {
        let columns = column..<min(column + CosinePanels.columns, otherCount)
        try body(Matrix.product(a.rows[rows: rows], b.rows[rows: columns].transposed), row, column)
      }
    }
  }

  /// The whole matrix, for dictionaries of which it fits into memory.
  func matrix() -> Matrix { Matrix.product(a.rows.view, b.rows.transposed) }
}

/// Rows divided by their norms; rows of norm 0 stay 0 and have the cosine 0 with everything.
struct UnitRows: Sendable {
  let rows: Matrix
  /// ‖row‖ before.
  let norms: [Double]

  init(_ matrix: Matrix) {
    let norms = Parallel.map(matrix.rows) { index in
      let row = matrix.row(index)
      return row.indices.reduce(0.0) { $0 + Double(row[$1]) * Double(row[$1]) }.squareRoot()
    }
    var rows = matrix
    rows.fillRows { index, row in
      for column in row.indices where norms[index] != 0 {
        row[column] = Float(Double(row[column]) / norms[index])
      }
    }
    self.rows = rows
    self.norms = norms
  }
}

/// The largest of a row's values so far, and where it is; the first of equal ones.
struct Best: Sendable, Equatable {
  var value = -Double.infinity
  var index = -1

  mutating func offer(_ candidate: Double, _ candidateIndex: Int) {
    // NaN wins: a row that is not finite is best matched by nothing.
    if candidate > value || (candidate.isNaN && !value.isNaN) {
      value = candidate
      index = candidateIndex
    }
  }
}
