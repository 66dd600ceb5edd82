import SAEKernels

/// The products of a token's activations x and their reconstruction x̂, in double.
package struct RowProducts: Sendable, Equatable {
  /// ‖x‖².
  package var squaredNorm: Double
  /// ‖x̂‖².
  package var squaredReconstructionNorm: Double
  /// x·x̂.
  package var product: Double
  /// ‖x − x̂‖².
  package var squaredError: Double
}

extension Matrix {
  /// The products of the listed rows of this matrix with those of another of the same shape.
  ///
  /// Threads split the rows; every row is summed by one of them, in an order that depends on the
  /// width alone.
  package func rowProducts(with other: Matrix, rows list: [UInt32]) -> [RowProducts] {
    precondition(
      rows == other.rows && columns == other.columns, "\(shape) and \(other.shape) differ")
    guard let last = list.max() else { return [] }
    precondition(last < rows, "row \(last) lies outside \(shape)")
    let kernels = Kernels.table
    let width = columns
    return unsafe [RowProducts](unsafeUninitializedCapacity: list.count) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      let out = unsafe SharedPointer(base)
      Parallel.forRanges(list.count, grain: Parallel.grain(list.count, least: 32)) { range, _ in
        var sums: [Double] = [0, 0, 0, 0]
        unsafe self.withUnsafeElements { x in
          unsafe other.withUnsafeElements { y in
            for index in range {
              if let x = x.baseAddress, let y = y.baseAddress {
                let begin = Int(list[index]) * width
                unsafe sums.withUnsafeMutableBufferPointer { sums in
                  guard let sums = sums.baseAddress else { return }
                  unsafe kernels.rowProducts(width, x + begin, y + begin, sums)
                }
              }
              unsafe (out.base + index).initialize(
                to: RowProducts(
                  squaredNorm: sums[0], squaredReconstructionNorm: sums[1], product: sums[2],
                  squaredError: sums[3]))
            }
          }
        }
      }
      count = list.count
    }
  }
}
