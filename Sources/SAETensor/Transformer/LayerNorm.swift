import SAEKernels

extension Matrix {
  /// Overwrites every row with that row of `source` less its mean, divided by its standard deviation,
  /// times `weight` plus `bias`.
  ///
  /// - Parameter epsilon: added to the variance.
  package mutating func setLayerNorm(
    of source: MatrixView, weight: [Float], bias: [Float], epsilon: Float
  ) {
    precondition(
      source.rows == rows && source.columns == columns && weight.count == columns
        && bias.count == columns,
      "cannot normalize \(source.shape) with \(weight.count) weights into \(shape)")
    lendMutable { rows in
      lending(source, weight, bias) { source, weight, bias in
        rows.forEach(least: 64) { index, row in
          unsafe Kernels.table.layerNorm(
            row.count, epsilon, source.row(index).base, weight.base, bias.base, row.base)
        }
      }
    }
  }
}
