extension StoredTensor {
  /// All elements, widened (or rounded to nearest) to float32, none of which may be NaN or infinite.
  ///
  /// - Throws: ``FileError/notFinite(file:tensor:place:found:)`` with the first that is not
  ///   finite, or as ``matrix()`` does.
  package func finiteMatrix() throws(FileError) -> Matrix {
    let matrix = try matrix()
    try checkFinite(matrix)
    return matrix
  }

  /// Throws unless all elements that were read are finite.
  package func checkFinite(_ matrix: Matrix) throws(FileError) {
    guard !matrix.isFinite() else { return }
    for row in 0..<matrix.rows {
      let elements = matrix.row(row)
      for column in elements.indices where !elements[column].isFinite {
        let stored = doubles()[row * matrix.columns + column]
        throw .notFinite(
          file: file, tensor: name, place: place(row * matrix.columns + column),
          found: stored.isFinite ? "\(stored), which float32 cannot hold" : "\(stored)")
      }
    }
  }

  /// The indices of an element, slowest first.
  private func place(_ element: Int) -> [Int] {
    var rest = element
    var indices: [Int] = []
    for dimension in shape.reversed() {
      indices.append(rest % max(1, dimension))
      rest /= max(1, dimension)
    }
    return indices.reversed()
  }
}
