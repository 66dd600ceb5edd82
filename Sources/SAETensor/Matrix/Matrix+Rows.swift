import SAEKernels

extension Matrix {
  /// row − vector for every row.
  package func subtractingFromRows(_ vector: [Float]) -> Matrix {
    precondition(
      vector.count == columns, "cannot subtract \(vector.count) numbers from rows of \(columns)")
    let width = columns
    return unsafe Matrix(uninitialized: rows, columns) { buffer in
      unsafe vector.withUnsafeBufferPointer { vector in
        guard let base = buffer.baseAddress, let shift = vector.baseAddress else { return }
        let target = unsafe SharedPointer(base)
        let from = unsafe (SharedConstant(view.pointer), SharedConstant(shift))
        Parallel.forRanges(rows, grain: Parallel.grain(rows, least: 64)) { range, _ in
          for row in range {
            unsafe Kernels.table.subtract(
              width, from.0.base + row * width, from.1.base, target.base + row * width)
          }
        }
      }
    }
  }

  /// −1 times the matrix.
  package func negated() -> Matrix {
    var result = self
    result.scale(by: -1)
    return result
  }

  /// Multiplies every element.
  public mutating func scale(by factor: Float) {
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      Parallel.forRanges(elements.count, grain: Parallel.grain(elements.count, least: 16384)) {
        range, _ in
        unsafe Kernels.table.scale(range.count, factor, target.base + range.lowerBound)
      }
    }
  }

  /// Adds `factor` times another matrix of the same shape.
  public mutating func add(_ other: Matrix, times factor: Float = 1) {
    precondition(other.shape == shape, "cannot add \(other.shape) to \(shape)")
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(other.view.pointer)
      Parallel.forRanges(elements.count, grain: Parallel.grain(elements.count, least: 16384)) {
        range, _ in
        unsafe Kernels.table.axpy(
          range.count, factor, from.base + range.lowerBound, target.base + range.lowerBound)
      }
    }
    withExtendedLifetime(other) {}
  }

  /// Σ over the rows, a number for each column, in double in the order of the rows.
  public func columnSums() -> [Double] {
    var sums = [Double](repeating: 0, count: columns)
    let width = columns
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(view.pointer)
      Parallel.forRanges(width, grain: Parallel.grain(width, least: 64)) { range, _ in
        for row in 0..<rows {
          unsafe Kernels.table.accumulate(
            range.count, from.base + row * width + range.lowerBound,
            target.base + range.lowerBound)
        }
      }
    }
    return sums
  }

  /// Σ over the columns, a number for each row.
  public func rowSums() -> [Float] {
    let width = columns
    return unsafe rowValues { unsafe Kernels.table.sum(width, $0) }
  }

  /// ‖row‖₂ of each row.
  public func rowNorms() -> [Float] {
    let width = columns
    return unsafe rowValues { unsafe Kernels.table.sumOfSquares(width, $0).squareRoot() }
  }

  /// coefficients · matrix: Σ over the rows of coefficient times row.
  package func weightedRowSum(_ coefficients: [Float]) -> [Float] {
    precondition(
      coefficients.count == rows, "\(coefficients.count) coefficients for \(rows) rows")
    let (rows, width) = (rows, columns)
    var result = [Float](repeating: 0, count: width)
    let all = (0..<UInt32(truncatingIfNeeded: max(1, rows))).map { $0 }
    unsafe result.withUnsafeMutableBufferPointer { result in
      unsafe coefficients.withUnsafeBufferPointer { coefficients in
        unsafe all.withUnsafeBufferPointer { all in
          guard let base = result.baseAddress, let factors = coefficients.baseAddress,
            let list = all.baseAddress
          else { return }
          let target = unsafe SharedPointer(base)
          let from = unsafe (
            SharedConstant(factors), SharedConstant(list), SharedConstant(view.pointer)
          )
          Parallel.forRanges(width, grain: Parallel.grain(width, least: 64)) { range, _ in
            unsafe Kernels.table.weightedRowSum(
              rows, from.1.base, from.0.base, from.2.base + range.lowerBound, range.count, width,
              target.base + range.lowerBound, false)
          }
        }
      }
    }
    return result
  }

  /// The rows at the given indices, in their order.
  package func gatheringRows(_ indices: [Int]) -> Matrix {
    let width = columns
    return unsafe Matrix(uninitialized: indices.count, width) { buffer in
      guard let base = buffer.baseAddress else { return }
      for (position, index) in indices.enumerated() {
        precondition(index >= 0 && index < rows, "row \(index) lies outside \(shape)")
        unsafe (base + position * width).update(from: view.pointer + index * width, count: width)
      }
    }
  }

  /// Adds row p of `other` to row indices[p].
  package mutating func addRows(of other: Matrix, to indices: [Int]) {
    precondition(
      other.rows == indices.count && other.columns == columns,
      "cannot add \(other.shape) to \(indices.count) rows of \(shape)")
    let (rows, width) = (rows, columns)
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      for (position, index) in indices.enumerated() {
        precondition(index >= 0 && index < rows, "row \(index) lies outside \(rows) rows")
        unsafe Kernels.table.axpy(
          width, 1, other.view.pointer + position * width, base + index * width)
      }
    }
  }

  private func rowValues(_ value: @Sendable (UnsafePointer<Float>) -> Float) -> [Float] {
    var result = [Float](repeating: 0, count: rows)
    let width = columns
    unsafe result.withUnsafeMutableBufferPointer { result in
      guard let base = result.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(view.pointer)
      Parallel.forRanges(rows, grain: Parallel.grain(rows, least: 64)) { range, _ in
        for row in range { unsafe target.base[row] = value(from.base + row * width) }
      }
    }
    return result
  }
}

extension Matrix {
  /// One row.
  package static func rowVector(_ values: [Float]) -> Matrix {
    Matrix(rows: 1, columns: values.count, values: values)
  }

  /// One row, rounded.
  package static func rowVector(_ values: [Double]) -> Matrix {
    rowVector(values.map { Float($0) })
  }
}
