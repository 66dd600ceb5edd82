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

  /// Throws unless all elements are finite, of which only a few are widened at a time.
  ///
  /// - Throws: as ``finiteMatrix()`` does.
  package func checkFinite() throws(FileError) {
    let height = max(1, (1 << 20) / max(1, columns))
    let stretches = (rows + height - 1) / height
    @Sendable func range(_ index: Int) -> Range<Int> {
      index * height..<min((index + 1) * height, rows)
    }
    // Errors of reading are met again below.
    let areFinite = Parallel.map(stretches) { index in
      (try? matrix(rows: range(index)))?.isFinite() ?? false
    }
    for index in areFinite.indices where !areFinite[index] {
      let rows = range(index)
      try checkFinite(matrix(rows: rows), from: rows.lowerBound)
    }
  }

  /// Throws unless all elements that were read are finite.
  ///
  /// - Parameter first: the row of the tensor that the matrix begins with.
  package func checkFinite(_ matrix: Matrix, from first: Int = 0) throws(FileError) {
    guard !matrix.isFinite() else { return }
    for row in 0..<matrix.rows {
      let elements = matrix.row(row)
      for column in elements.indices where !elements[column].isFinite {
        let element = (first + row) * matrix.columns + column
        let stored = double(element)
        throw .notFinite(
          file: file, tensor: name, place: place(element),
          found: stored.isFinite ? "\(stored), which float32 cannot hold" : "\(stored)")
      }
    }
  }

  /// One element in double precision.
  private func double(_ element: Int) -> Double {
    guard isInOrder else { return doubles()[element] }
    let begin = bytes.lowerBound + element * type.size
    var value = [0.0]
    var target = value.mutableSpan
    contents.bytes.extracting(begin..<begin + type.size)
      .decode(type, bigEndian: isBigEndian, into: &target)
    return value[0]
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
