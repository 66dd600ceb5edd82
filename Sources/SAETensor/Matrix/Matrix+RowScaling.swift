import SAEKernels

extension Matrix {
  /// Each row times its factor, and then plus its shift if there are shifts.
  ///
  /// - Precondition: there is a factor, and a shift, for each row.
  package mutating func scaleRows(by factors: [Float], adding shifts: [Float]? = nil) {
    precondition(factors.count == rows, "\(factors.count) factors for \(rows) rows")
    precondition(
      shifts == nil || shifts?.count == rows, "\(shifts?.count ?? 0) shifts for \(rows) rows")
    let ones = [Float](repeating: 1, count: shifts == nil ? 0 : columns)
    let width = columns
    unsafe forEachRow { row, elements in
      unsafe Kernels.table.scale(width, factors[row], elements)
      guard let shifts else { return }
      unsafe ones.withUnsafeBufferPointer { ones in
        guard let ones = ones.baseAddress else { return }
        unsafe Kernels.table.axpy(width, shifts[row], ones, elements)
      }
    }
  }

  /// Adds a vector to every row.
  ///
  /// - Precondition: the vector has a number for each column.
  package mutating func addToRows(_ vector: [Float]) {
    precondition(vector.count == columns, "\(vector.count) numbers for rows of \(columns)")
    let width = columns
    unsafe forEachRow { _, elements in
      unsafe vector.withUnsafeBufferPointer { vector in
        guard let vector = vector.baseAddress else { return }
        unsafe Kernels.table.axpy(width, 1, vector, elements)
      }
    }
  }

  /// Calls `body` with every row's elements, on all threads.
  mutating func forEachRow(
    _ body: @Sendable (_ row: Int, _ elements: UnsafeMutablePointer<Float>) -> Void
  ) {
    let (rows, width) = (rows, columns)
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress, width > 0 else { return }
      let target = unsafe SharedPointer(base)
      Parallel.forRanges(rows, grain: Parallel.grain(rows, least: 64)) { range, _ in
        for row in range { unsafe body(row, target.base + row * width) }
      }
    }
  }
}
