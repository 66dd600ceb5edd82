extension Matrix {
  /// The matrix product a · b, in float32 with sums in the order of the depth.
  ///
  /// Transposed factors cost no copy: `Matrix.product(x.view, w.transposed)`.
  ///
  /// - Precondition: `a` has as many columns as `b` has rows.
  public static func product(_ a: MatrixView, _ b: MatrixView) -> Matrix {
    Matrix(uninitialized: a.rows, b.columns) { matrix in
      guard matrix.elements.count > 0 else { return }
      multiply(a, b, into: matrix.elements, rowStride: b.columns, accumulate: false)
    }
  }

  /// The matrix product with another matrix.
  public func multiplied(by other: Matrix) -> Matrix { Matrix.product(view, other.view) }

  /// Overwrites the matrix with a · b.
  ///
  /// - Precondition: the shapes of a, b and this matrix fit.
  public mutating func setProduct(_ a: MatrixView, _ b: MatrixView) {
    multiply(a, b, rows: 0..<rows, columns: 0..<columns, accumulate: false)
  }

  /// Adds a · b to the matrix.
  ///
  /// - Precondition: the shapes of a, b and this matrix fit.
  public mutating func addProduct(_ a: MatrixView, _ b: MatrixView) {
    multiply(a, b, rows: 0..<rows, columns: 0..<columns, accumulate: true)
  }

  /// Overwrites a block of the matrix with a · b, or adds a · b to it.
  ///
  /// - Precondition: the block lies in the matrix and its shape fits those of a and b.
  public mutating func multiply(
    _ a: MatrixView, _ b: MatrixView, rows rowRange: Range<Int>, columns columnRange: Range<Int>,
    accumulate: Bool
  ) {
    precondition(
      rowRange.lowerBound >= 0 && rowRange.upperBound <= rows && columnRange.lowerBound >= 0
        && columnRange.upperBound <= columns,
      "rows \(rowRange) and columns \(columnRange) lie outside a matrix of \(shape)")
    precondition(
      a.rows == rowRange.count && b.columns == columnRange.count,
      "\(a.shape) times \(b.shape) does not fit \(rowRange.count) × \(columnRange.count)")
    let stride = columns
    makeUnique()
    guard !rowRange.isEmpty, !columnRange.isEmpty else { return }
    Matrix.multiply(
      a, b, into: storage.elements.from(rowRange.lowerBound * stride + columnRange.lowerBound),
      rowStride: stride, accumulate: accumulate)
  }

  private static func multiply(
    _ a: MatrixView, _ b: MatrixView, into c: MutableLent<Float>, rowStride: Int,
    accumulate: Bool
  ) {
    precondition(a.columns == b.rows, "cannot multiply \(a.shape) by \(b.shape)")
    if a.columns == 0 {
      if !accumulate {
        for row in 0..<a.rows { c.from(row * rowStride)[0..<b.columns].fill(0) }
      }
      return
    }
    let product = PanelProduct(
      kernels: Kernels.table, rows: a.rows, columns: b.columns, depth: a.columns)
    product.run(a.operand, b.operand, into: c, rowStride: rowStride, accumulate: accumulate)
    withExtendedLifetime((a, b)) {}
  }
}
