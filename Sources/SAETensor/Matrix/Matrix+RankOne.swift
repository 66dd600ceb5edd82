extension Matrix {
  /// Adds to each row the row of another matrix times the row's factor.
  package mutating func addRows(of other: Matrix, times factors: [Float]) {
    precondition(
      other.shape == shape && factors.count == rows,
      "cannot add \(other.shape) with \(factors.count) factors to \(shape)")
    lendMutable { rows in
      other.lend { others in
        rows.forEach(least: 64) { row, target in
          target.add(others.row(row), times: factors[row])
        }
      }
    }
  }

  /// Adds to each row the same vector times the row's factor; rows with a factor of 0 stay as they
  /// are.
  package mutating func addToRows(_ vector: [Float], times factors: [Float]) {
    precondition(
      vector.count == columns && factors.count == rows,
      "cannot add \(vector.count) numbers with \(factors.count) factors to \(shape)")
    lendMutable { rows in
      vector.lend { vector in
        rows.forEach(least: 64) { row, target in
          if factors[row] != 0 { target.add(vector, times: factors[row]) }
        }
      }
    }
  }

  /// Multiplies each row by its factor.
  package mutating func multiplyRows(by factors: [Float]) {
    precondition(factors.count == rows, "\(factors.count) factors for \(rows) rows")
    lendMutable { rows in
      rows.forEach(least: 64) { row, target in target.scale(by: factors[row]) }
    }
  }

  /// ⟨row, vector⟩ of each row.
  package func dots(with vector: [Float]) -> [Float] {
    precondition(vector.count == columns, "\(vector.count) numbers for rows of \(columns)")
    return vector.lend { vector in rowValues { $0.dot(vector) } }
  }
}
