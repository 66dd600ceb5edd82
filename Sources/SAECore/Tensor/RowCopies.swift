import SAEKernels

extension Matrix {
  /// `factor` times the rows of the given numbers, in their order.
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

  /// The rows of several ranges, one range after another.
  ///
  /// - Precondition: the matrix has the rows.
  package func rows(of ranges: [Range<Int>]) -> Matrix {
    let width = columns
    return unsafe Matrix(uninitialized: ranges.reduce(0) { $0 + $1.count }, width) { buffer in
      guard var out = buffer.baseAddress else { return }
      for range in ranges {
        precondition(
          range.lowerBound >= 0 && range.upperBound <= rows, "\(range) lies outside \(shape)")
        unsafe out.update(
          from: view.pointer + range.lowerBound * width, count: range.count * width)
        unsafe out += range.count * width
      }
    }
  }

  /// Overwrites the rows of several ranges with the rows of another matrix, one after another.
  ///
  /// - Precondition: the matrix has the rows, and the other as many of the same width.
  package mutating func replaceRows(of ranges: [Range<Int>], with other: Matrix) {
    precondition(
      other.columns == columns && other.rows == ranges.reduce(0) { $0 + $1.count },
      "cannot put \(other.shape) into rows of \(shape)")
    let (rows, width) = (rows, columns)
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      var from = unsafe other.view.pointer
      for range in ranges {
        precondition(
          range.lowerBound >= 0 && range.upperBound <= rows, "\(range) lies outside \(rows) rows")
        unsafe (base + range.lowerBound * width).update(from: from, count: range.count * width)
        unsafe from += range.count * width
      }
    }
    withExtendedLifetime(other) {}
  }
}
