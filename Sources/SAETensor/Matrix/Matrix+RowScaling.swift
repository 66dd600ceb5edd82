extension Matrix {
  /// Each row times its factor, and then plus its shift if there are shifts.
  ///
  /// - Precondition: there is a factor, and a shift, for each row.
  package mutating func scaleRows(by factors: [Float], adding shifts: [Float]? = nil) {
    precondition(factors.count == rows, "\(factors.count) factors for \(rows) rows")
    precondition(
      shifts == nil || shifts?.count == rows, "\(shifts?.count ?? 0) shifts for \(rows) rows")
    let ones = [Float](repeating: 1, count: shifts == nil ? 0 : columns)
    lendMutable { rows in
      ones.lend { ones in
        rows.forEach(least: 64) { row, elements in
          elements.scale(by: factors[row])
          if let shifts { elements.add(ones, times: shifts[row]) }
        }
      }
    }
  }

  /// Adds a vector to every row.
  ///
  /// - Precondition: the vector has a number for each column.
  package mutating func addToRows(_ vector: [Float]) {
    precondition(vector.count == columns, "\(vector.count) numbers for rows of \(columns)")
    lendMutable { rows in
      vector.lend { vector in rows.forEach(least: 64) { _, elements in elements.add(vector) } }
    }
  }
}
