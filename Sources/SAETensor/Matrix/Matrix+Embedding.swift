import SAEKernels

extension Matrix {
  /// `factor` times the rows of the given numbers, in their order: an embedding.
  ///
  /// - Precondition: the matrix has the rows.
  package func scaledRows(_ indices: [UInt32], by factor: Float) -> Matrix {
    let width = columns
    precondition(indices.allSatisfy { $0 < rows }, "a row lies outside a matrix of \(shape)")
    return unsafe Matrix(uninitialized: indices.count, width) { buffer in
      guard let base = buffer.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(view.pointer)
      Parallel.forRanges(indices.count, grain: Parallel.grain(indices.count, least: 256)) {
        range, _ in
        for row in range {
          let out = unsafe target.base + row * width
          unsafe out.update(from: from.base + Int(indices[row]) * width, count: width)
          unsafe Kernels.table.scale(width, factor, out)
        }
      }
    }
  }
}
