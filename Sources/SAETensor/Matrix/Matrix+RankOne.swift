import SAEKernels

extension Matrix {
  /// Adds to each row the row of another matrix times the row's factor.
  package mutating func addRows(of other: Matrix, times factors: [Float]) {
    precondition(
      other.shape == shape && factors.count == rows,
      "cannot add \(other.shape) with \(factors.count) factors to \(shape)")
    let width = columns
    let view = other.view
    unsafe forEachRow { row, target in
      unsafe Kernels.table.axpy(width, factors[row], view.pointer + row * width, target)
    }
  }

  /// Adds to each row the same vector times the row's factor; rows with a factor of 0 stay as they
  /// are.
  package mutating func addToRows(_ vector: [Float], times factors: [Float]) {
    precondition(
      vector.count == columns && factors.count == rows,
      "cannot add \(vector.count) numbers with \(factors.count) factors to \(shape)")
    let width = columns
    unsafe forEachRow { row, target in
      guard factors[row] != 0 else { return }
      unsafe vector.withUnsafeBufferPointer { buffer in
        guard let from = buffer.baseAddress else { return }
        unsafe Kernels.table.axpy(width, factors[row], from, target)
      }
    }
  }

  /// Multiplies each row by its factor.
  package mutating func multiplyRows(by factors: [Float]) {
    precondition(factors.count == rows, "\(factors.count) factors for \(rows) rows")
    let width = columns
    unsafe forEachRow { row, target in
      unsafe Kernels.table.scale(width, factors[row], target)
    }
  }

  /// ⟨row, vector⟩ of each row.
  package func dots(with vector: [Float]) -> [Float] {
    precondition(vector.count == columns, "\(vector.count) numbers for rows of \(columns)")
    let width = columns
    let view = self.view
    var result = [Float](repeating: 0, count: rows)
    unsafe result.withUnsafeMutableBufferPointer { result in
      unsafe vector.withUnsafeBufferPointer { vector in
        guard let base = result.baseAddress, let factor = vector.baseAddress else { return }
        let out = unsafe SharedPointer(base)
        let with = unsafe SharedConstant(factor)
        Parallel.forRanges(rows, grain: Parallel.grain(rows, least: 64)) { range, _ in
          for row in range {
            unsafe out.base[row] = Kernels.table.dot(width, view.pointer + row * width, with.base)
          }
        }
      }
    }
    return result
  }
}
