import SAEKernels

extension Matrix {
  /// Overwrites every row with that row of `source` divided by its root mean square, times `weight`.
  ///
  /// - Parameter epsilon: added to the mean square.
  package mutating func setRMSNorm(of source: MatrixView, weight: [Float], epsilon: Float) {
    rmsNorm(source, weight, epsilon, accumulate: false)
  }

  /// Adds to every row that row of `source` divided by its root mean square, times `weight`.
  package mutating func addRMSNorm(of source: MatrixView, weight: [Float], epsilon: Float) {
    rmsNorm(source, weight, epsilon, accumulate: true)
  }

  /// Normalizes each of `heads` stretches of a row on its own, from a column on, all with the same weight.
  package mutating func normalizeHeads(
    _ heads: Int, from column: Int, weight: [Float], epsilon: Float
  ) {
    let width = weight.count
    precondition(
      column >= 0 && column + heads * width <= columns,
      "\(heads) heads of \(width) from column \(column) on do not fit \(shape)")
    lendMutable { rows in
      weight.lend { weight in
        rows.forEach(least: 64) { _, row in
          for head in 0..<heads {
            let own = row.from(column + head * width)
            unsafe Kernels.table.rmsNorm(width, epsilon, own.base, weight.base, own.base, false)
          }
        }
      }
    }
  }

  private mutating func rmsNorm(
    _ source: MatrixView, _ weight: [Float], _ epsilon: Float, accumulate: Bool
  ) {
    precondition(
      source.rows == rows && source.columns == columns && weight.count == columns
        && source.columnStride == 1,
      "cannot normalize \(source.shape) with \(weight.count) weights into \(shape)")
    lendMutable { rows in
      lending(source, weight) { source, weight in
        rows.forEach(least: 64) { index, row in
          unsafe Kernels.table.rmsNorm(
            row.count, epsilon, source.row(index).base, weight.base, row.base, accumulate)
        }
      }
    }
  }
}
