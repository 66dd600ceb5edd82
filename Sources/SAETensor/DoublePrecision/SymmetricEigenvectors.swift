/// The eigenvalues and eigenvectors of a symmetric matrix, in double.
///
/// Householder reflections bring the matrix to tridiagonal form, implicit QL steps that to diagonal
/// form. The same bits for any number of threads.
///
/// Source: Golub and Van Loan, Matrix Computations, sections 8.3.1 to 8.3.3.
package struct SymmetricEigenvectors: Sendable {
  /// Ascending.
  package let values: [Double]
  /// dimension × dimension; row i belongs to value i, has norm 1, and its entry of largest magnitude
  /// is positive.
  package let vectors: [Double]

  package var dimension: Int { values.count }

  /// - Parameter matrix: dimension × dimension, symmetric.
  /// - Returns: nil if a number is not finite, or an eigenvalue does not settle, which finite
  ///   matrices are not known to bring about.
  /// - Complexity: O(dimension³)
  package init?(_ matrix: [Double], dimension n: Int) {
    precondition(matrix.count == n * n, "\(matrix.count) numbers for a matrix of \(n) × \(n)")
    // Scaled to entries of at most 1, so that squares do not overflow.
    let scale = matrix.reduce(0) { max($0, abs($1)) }
    guard matrix.allSatisfy(\.isFinite) else { return nil }
    var tridiagonal = Tridiagonal(scale > 0 ? matrix.map { $0 / scale } : matrix, n)
    guard let rotations = tridiagonal.diagonalize() else { return nil }
    var rows = tridiagonal.transposedBasis()
    SymmetricEigenvectors.apply(rotations, to: &rows, n)

    let diagonal = tridiagonal.diagonal
    let order = (0..<n).sorted { (diagonal[$0], $0) < (diagonal[$1], $1) }
    values = order.map { diagonal[$0] * scale }
    var sorted: [Double] = []
    sorted.reserveCapacity(n * n)
    for index in order {
      let row = rows[index * n..<(index + 1) * n]
      let largest = row.reduce(0) { abs($1) > abs($0) ? $1 : $0 }
      sorted.append(contentsOf: largest < 0 ? row.map { -$0 } : Array(row))
    }
    vectors = sorted
  }

  /// Rotates rows. Every thread takes some columns through all rotations, so that they stay in its
  /// cache.
  private static func apply(_ rotations: [PlaneRotation], to rows: inout [Double], _ n: Int) {
    rows.lendMutable { rows in
      Parallel.forRanges(n, grain: 32) { columns in
        for rotation in rotations {
          let low = rows.from(rotation.row * n)[columns]
          low.rotate(
            rows.from((rotation.row + 1) * n)[columns], cosine: rotation.cosine,
            sine: rotation.sine)
        }
      }
    }
  }
}

/// A rotation of a row and the one after it.
struct PlaneRotation: Sendable {
  let row: Int
  let cosine: Double
  let sine: Double
}
