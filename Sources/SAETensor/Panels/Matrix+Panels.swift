import SAEKernels

/// Element-wise steps on panels, tokens × latents.
extension Matrix {
  /// Gives the matrix another shape; its elements are then arbitrary.
  package mutating func resizeDiscardingElements(rows: Int, columns: Int) {
    guard rows != self.rows || columns != self.columns else { return }
    self = Matrix(rows: 0, columns: 0)
    self = Matrix(uninitialized: rows, columns) { _ in }
  }

  /// max(element + bias of its column, 0)
  package mutating func applyBiasedReLU(_ bias: [Float]) {
    precondition(bias.count == columns, "\(bias.count) biases for \(columns) columns")
    lendMutable { rows in
      bias.lend { bias in
        rows.forEach(least: 64) { _, row in
          unsafe Kernels.table.biasedReLU(row.count, bias.base, row.base)
        }
      }
    }
  }

  /// Where an activation is above 0 the gradient plus the shift of its column, else 0.
  package mutating func passPositive(_ activations: Matrix, adding shifts: [Float]) {
    precondition(
      activations.shape == shape && shifts.count == columns,
      "cannot pass gradients of \(shape) by activations of \(activations.shape) and "
        + "\(shifts.count) shifts")
    lendMutable { rows in
      lending(activations, shifts) { activations, shifts in
        rows.forEach(least: 64) { index, gradients in
          unsafe Kernels.table.passPositive(
            gradients.count, activations.row(index).base, shifts.base, gradients.base)
        }
      }
    }
  }

  /// Overwrites the matrix with another's elements that are above the threshold of their column, 0 for
  /// the others.
  package mutating func setJumpReLU(of hidden: Matrix, thresholds: [Float]) {
    precondition(
      thresholds.count == hidden.columns,
      "\(thresholds.count) thresholds for \(hidden.columns) columns")
    resizeDiscardingElements(rows: hidden.rows, columns: hidden.columns)
    lendMutable { rows in
      lending(hidden, thresholds) { hidden, thresholds in
        rows.forEach(least: 64) { index, row in
          unsafe Kernels.table.jumpReLU(
            row.count, hidden.row(index).base, thresholds.base, row.base)
        }
      }
    }
  }

  /// Elements other than 0 of each column.
  package func nonZeroCounts() -> [Int] {
    var counts = [Int32](repeating: 0, count: columns)
    counts.lendMutable { counts in
      lend { rows in
        Parallel.forRanges(counts.count, least: 64) { range in
          for row in 0..<rows.count {
            unsafe Kernels.table.countNonZero(
              range.count, rows.row(row)[range].base, counts[range].base)
          }
        }
      }
    }
    return counts.map { Int($0) }
  }

  /// Changes every element by another matrix's at its place.
  ///
  /// - Parameters:
  ///   - firstColumn: what `body` gets for the first column.
  ///   - body: called by all threads.
  package mutating func combine(
    _ other: Matrix, firstColumn: Int = 0,
    _ body: @Sendable (_ row: Int, _ column: Int, _ element: Float, _ other: Float) -> Float
  ) {
    precondition(other.shape == shape, "cannot combine \(shape) with \(other.shape)")
    lendMutable { rows in
      other.lend { others in
        rows.forEach(least: 64) { index, elements in
          let others = others.row(index)
          for column in 0..<elements.count {
            elements[column] = body(index, firstColumn + column, elements[column], others[column])
          }
        }
      }
    }
  }

  /// Σ over each row of a function of its elements, added in their order.
  ///
  /// - Parameter firstColumn: what `body` gets for the first column.
  package func sumsByRow(
    firstColumn: Int = 0, _ body: @Sendable (_ column: Int, _ element: Float) -> Double
  ) -> [Double] {
    [Double](filling: rows) { sums in
      lend { rows in
        Parallel.forEach(rows.count, least: 16) { index in
          let elements = rows.row(index)
          var sum = 0.0
          for column in 0..<elements.count { sum += body(firstColumn + column, elements[column]) }
          sums[index] = sum
        }
      }
    }
  }
}
