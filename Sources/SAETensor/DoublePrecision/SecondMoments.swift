import SAEKernels

/// Σ x xᵀ over many tokens, in double.
package struct SecondMoments: Sendable, Equatable {
  package let dimension: Int
  /// The upper triangle (column ≥ row) of dimension × dimension; the rest is 0.
  private var upper: [Double]

  package init(dimension: Int) {
    precondition(dimension >= 0, "no activations have \(dimension) dimensions")
    self.dimension = dimension
    upper = [Double](repeating: 0, count: dimension * dimension)
  }

  /// Adds the products of every row with itself.
  ///
  /// - Precondition: the matrix has ``dimension`` columns.
  /// - Complexity: O(rows · dimension²)
  package mutating func add(_ matrix: Matrix) {
    precondition(matrix.columns == dimension, "second moments of \(dimension), not \(matrix.shape)")
    let (rows, width) = (matrix.rows, dimension)
    // Rows of a block stay in the second cache while all the sums go by.
    let block = max(4, (1 << 16) / max(1, width) / 4 * 4)
    upper.lendMutable { upper in
      matrix.lend { matrix in
        for first in stride(from: 0, to: rows, by: block) {
          let part = matrix.rows(first..<min(first + block, rows))
          Parallel.forEach(width, least: 8) { i in
            unsafe Kernels.table.productSums(
              part.count, part.elements.base + i, width, width - i,
              upper.from(i * width + i).base)
          }
        }
      }
    }
  }

  /// Σ x_i x_j
  package subscript(i: Int, j: Int) -> Double {
    i <= j ? upper[i * dimension + j] : upper[j * dimension + i]
  }
}
