extension Matrix {
  /// `factor` times the rows of the given numbers, in their order: an embedding.
  ///
  /// - Precondition: the matrix has the rows.
  package func gatheringRows(_ indices: [UInt32], by factor: Float) -> Matrix {
    precondition(indices.allSatisfy { $0 < rows }, "a row lies outside a matrix of \(shape)")
    return Matrix(uninitialized: indices.count, columns) { result in
      lend { rows in
        result.forEach(least: 256) { position, row in
          row.copy(rows.row(Int(indices[position])))
          row.scale(by: factor)
        }
      }
    }
  }
}
