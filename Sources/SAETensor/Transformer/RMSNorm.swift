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
      "cannot normalise \(source.shape) with \(weight.count) weights into \(shape)")
    let (rows, width, stride) = (rows, columns, source.rowStride)
    unsafe withUnsafeMutableElements { elements in
      unsafe weight.withUnsafeBufferPointer { weight in
        guard let base = elements.baseAddress, let weightBase = weight.baseAddress else { return }
        let target = unsafe SharedPointer(base)
        let from = unsafe (SharedConstant(source.pointer), SharedConstant(weightBase))
        Parallel.forRanges(rows, grain: Parallel.grain(rows, least: 64)) { range, _ in
          for row in range {
            unsafe Kernels.table.rmsNorm(
              width, epsilon, from.0.base + row * stride, from.1.base, target.base + row * width,
              accumulate)
          }
        }
      }
    }
    withExtendedLifetime(source) {}
  }
}
