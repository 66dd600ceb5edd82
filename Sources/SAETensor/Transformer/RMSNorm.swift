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
