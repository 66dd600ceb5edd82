import SAEKernels

/// Element-wise steps on panels, tokens × latents.
extension Matrix {
  /// Gives the matrix another shape; its elements are then arbitrary.
  package mutating func reshape(rows: Int, columns: Int) {
    guard rows != self.rows || columns != self.columns else { return }
    self = Matrix(rows: 0, columns: 0)
    self = unsafe Matrix(uninitialized: rows, columns) { _ in }
  }

  /// max(element + bias of its column, 0)
  package mutating func applyBiasedReLU(_ bias: [Float]) {
    precondition(bias.count == columns, "\(bias.count) biases for \(columns) columns")
    let width = columns
    let vector = Matrix.rowVector(bias)
    let from = unsafe SharedConstant(vector.view.pointer)
    unsafe forEachRow { _, row in unsafe Kernels.table.biasedReLU(width, from.base, row) }
    withExtendedLifetime(vector) {}
  }

  /// Where an activation is above 0 the gradient plus the shift of its column, else 0.
  package mutating func passPositive(_ activations: Matrix, adding shifts: [Float]) {
    precondition(
      activations.shape == shape && shifts.count == columns,
      "cannot pass gradients of \(shape) by activations of \(activations.shape) and "
        + "\(shifts.count) shifts")
    let width = columns
    let vector = Matrix.rowVector(shifts)
    let from = unsafe (
      SharedConstant(activations.view.pointer), SharedConstant(vector.view.pointer)
    )
    unsafe forEachRow { row, gradients in
      unsafe Kernels.table.passPositive(
        width, from.0.base + row * width, from.1.base, gradients)
    }
    withExtendedLifetime((activations, vector)) {}
  }

  /// Overwrites the matrix with another's elements that are above the threshold of their column, 0 for
  /// the others.
  package mutating func setJumpReLU(of hidden: Matrix, thresholds: [Float]) {
    precondition(
      thresholds.count == hidden.columns,
      "\(thresholds.count) thresholds for \(hidden.columns) columns")
    reshape(rows: hidden.rows, columns: hidden.columns)
    let width = columns
    let vector = Matrix.rowVector(thresholds)
    let from = unsafe (SharedConstant(hidden.view.pointer), SharedConstant(vector.view.pointer))
    unsafe forEachRow { row, elements in
      unsafe Kernels.table.jumpReLU(width, from.0.base + row * width, from.1.base, elements)
    }
    withExtendedLifetime((hidden, vector)) {}
  }

  /// Elements other than 0 of each column.
  package func nonZeroCounts() -> [Int] {
    var counts = [Int32](repeating: 0, count: columns)
    let (rows, width) = (rows, columns)
    unsafe counts.withUnsafeMutableBufferPointer { counts in
      guard let base = counts.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(view.pointer)
      Parallel.forRanges(width, grain: Parallel.grain(width, least: 64)) { range, _ in
        for row in 0..<rows {
          unsafe Kernels.table.countNonZero(
            range.count, from.base + row * width + range.lowerBound,
            target.base + range.lowerBound)
        }
      }
    }
    return counts.map { Int($0) }
  }

  /// Changes every element by another matrix's at its place.
  ///
  /// - Parameters:
  ///   - firstColumn: what `body` gets for the first column.
  ///   - body: called by all threads.
  package mutating func combine(
    _ other: Matrix, firstColumn: Int = 0,
    _ body: @Sendable (_ row: Int, _ column: Int, _ element: Float, _ other: Float) -> Float
  ) {
    precondition(other.shape == shape, "cannot combine \(shape) with \(other.shape)")
    let width = columns
    let from = unsafe SharedConstant(other.view.pointer)
    unsafe forEachRow { row, elements in
      let others = unsafe from.base + row * width
      for column in 0..<width {
        unsafe elements[column] = body(
          row, firstColumn + column, elements[column], others[column])
      }
    }
    withExtendedLifetime(other) {}
  }

  /// Σ over each row of a function of its elements, added in their order.
  ///
  /// - Parameter firstColumn: what `body` gets for the first column.
  package func sumsByRow(
    firstColumn: Int = 0, _ body: @Sendable (_ column: Int, _ element: Float) -> Double
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: rows)
    let width = columns
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      let out = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(view.pointer)
      Parallel.forRanges(rows, grain: Parallel.grain(rows, least: 16)) { range, _ in
        for row in range {
          let elements = unsafe from.base + row * width
          var sum = 0.0
          for column in 0..<width { sum += body(firstColumn + column, unsafe elements[column]) }
          unsafe out.base[row] = sum
        }
      }
    }
    return sums
  }
}
