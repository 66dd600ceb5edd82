import SAEKernels

/// The products of a token's activations x and their reconstruction x̂, in double.
package struct RowProducts: Sendable, Equatable, BitwiseCopyable {
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
    return [RowProducts](filling: list.count) { result in
      lending(self, other) { x, y in
        Parallel.forRanges(list.count, least: 32) { range in
          var sums: [Double] = [0, 0, 0, 0]
          for index in range {
            let row = Int(list[index])
            sums.lendMutable { sums in
              unsafe Kernels.table.rowProducts(columns, x.row(row).base, y.row(row).base, sums.base)
            }
            result[index] = RowProducts(
              squaredNorm: sums[0], squaredReconstructionNorm: sums[1], product: sums[2],
              squaredError: sums[3])
          }
        }
      }
    }
  }
}
