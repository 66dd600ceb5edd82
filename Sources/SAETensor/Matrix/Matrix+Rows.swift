extension Matrix {
  /// row − vector for every row.
  package func subtractingFromRows(_ vector: [Float]) -> Matrix {
    precondition(
      vector.count == columns, "cannot subtract \(vector.count) numbers from rows of \(columns)")
    return Matrix(uninitialized: rows, columns) { result in
      lending(self, vector) { rows, vector in
        result.forEach(least: 64) { row, elements in
          elements.setDifference(rows.row(row), vector)
        }
      }
    }
  }

  /// −1 times the matrix.
  package func negated() -> Matrix {
    var result = self
    result.scale(by: -1)
    return result
  }

  /// Multiplies every element.
  public mutating func scale(by factor: Float) {
    lendMutable { rows in
      Parallel.forRanges(rows.elements.count, least: 16384) { range in
        rows.elements[range].scale(by: factor)
      }
    }
  }

  /// Adds `factor` times another matrix of the same shape.
  public mutating func add(_ other: Matrix, times factor: Float = 1) {
    precondition(other.shape == shape, "cannot add \(other.shape) to \(shape)")
    lendMutable { rows in
      other.lend { others in
        Parallel.forRanges(rows.elements.count, least: 16384) { range in
          rows.elements[range].add(others.elements[range], times: factor)
        }
      }
    }
  }

  /// Σ over the rows, a number for each column, in double in the order of the rows.
  public func columnSums() -> [Double] {
    var sums = [Double](repeating: 0, count: columns)
    sums.lendMutable { sums in
      lend { rows in
        Parallel.forRanges(columns, least: 64) { range in
          for row in 0..<rows.count { rows.row(row)[range].accumulate(into: sums[range]) }
        }
      }
    }
    return sums
  }

  /// Σ over the columns, a number for each row.
  package func rowSums() -> [Float] { rowValues { $0.sum() } }

  /// ‖row‖₂ of each row, also where squares are too large or too small for single precision.
  public func rowNorms() -> [Float] {
    var norms = rowValues { $0.sumOfSquares().squareRoot() }
    for row in norms.indices where !(norms[row] >= 1e-15 && norms[row].isFinite) {
      let values = self.row(row)
      var sum = 0.0
      for column in values.indices { sum += Double(values[column]) * Double(values[column]) }
      norms[row] = Float(sum.squareRoot())
    }
    return norms
  }

  /// coefficients · matrix: Σ over the rows of coefficient times row.
  package func weightedRowSum(_ coefficients: [Float]) -> [Float] {
    precondition(
      coefficients.count == rows, "\(coefficients.count) coefficients for \(rows) rows")
    var result = [Float](repeating: 0, count: columns)
    let all = (0..<UInt32(truncatingIfNeeded: rows)).map { $0 }
    result.lendMutable { result in
      lending(self, coefficients, all) { rows, coefficients, all in
        Parallel.forRanges(result.count, least: 64) { range in
          result[range].sumRows(
            all, coefficients, of: rows.columns(from: range.lowerBound), accumulate: false)
        }
      }
    }
    return result
  }

  /// The rows at the given indices, in their order.
  package func gatheringRows(_ indices: [Int]) -> Matrix {
    return Matrix(uninitialized: indices.count, columns) { result in
      lend { rows in
        for (position, index) in indices.enumerated() {
          precondition(index >= 0 && index < rows.count, "row \(index) lies outside \(shape)")
          result.row(position).copy(rows.row(index))
        }
      }
    }
  }

  /// Adds row p of `other` to row indices[p].
  package mutating func addRows(of other: Matrix, to indices: [Int]) {
    precondition(
      other.rows == indices.count && other.columns == columns,
      "cannot add \(other.shape) to \(indices.count) rows of \(shape)")
    lendMutable { rows in
      other.lend { others in
        for (position, index) in indices.enumerated() {
          precondition(
            index >= 0 && index < rows.count, "row \(index) lies outside \(rows.count) rows")
          rows.row(index).add(others.row(position))
        }
      }
    }
  }

  /// A number of each row.
  @inline(__always)
  func rowValues(_ value: @Sendable (_ row: Lent<Float>) -> Float) -> [Float] {
    [Float](filling: rows) { result in
      lend { rows in
        Parallel.forEach(rows.count, least: 64) { result[$0] = value(rows.row($0)) }
      }
    }
  }
}

extension Matrix {
  /// One row.
  package static func rowVector(_ values: [Float]) -> Matrix {
    Matrix(rows: 1, columns: values.count, values: values)
  }

  /// One row, rounded.
  package static func rowVector(_ values: [Double]) -> Matrix {
    rowVector(values.map { Float($0) })
  }
}
