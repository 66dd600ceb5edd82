import SAEKernels

/// The kernels that are called from several places, on lent elements.
extension Lent where Element == Float {
  /// Σ of the elements.
  @inline(__always)
  func sum() -> Float { unsafe Kernels.table.sum(count, base) }

  /// Σ of the elements' squares.
  @inline(__always)
  func sumOfSquares() -> Float { unsafe Kernels.table.sumOfSquares(count, base) }

  /// The largest element.
  @inline(__always)
  func maximum() -> Float { unsafe Kernels.table.maximum(count, base) }

  /// Σ of the products with other elements, of which there are as many.
  @inline(__always)
  func dot(_ other: Lent) -> Float {
    assert(other.count == count, "\(count) elements and \(other.count)")
    return unsafe Kernels.table.dot(count, base, other.base)
  }

  /// Adds the elements to sums in double.
  @inline(__always)
  func accumulate(into sums: MutableLent<Double>) {
    assert(sums.count == count, "\(count) elements for \(sums.count) sums")
    unsafe Kernels.table.accumulate(count, base, sums.base)
  }

  /// Writes exp(element − shift).
  ///
  /// - Returns: their sum.
  @inline(__always)
  func shiftedExponentials(_ shift: Float, into result: MutableLent<Float>) -> Float {
    assert(result.count >= count, "\(count) elements for room of \(result.count)")
    return unsafe Kernels.table.shiftedExponentials(count, shift, base, result.base)
  }
}

extension MutableLent where Element == Float {
  /// Multiplies every element.
  @inline(__always)
  func scale(by factor: Float) { unsafe Kernels.table.scale(count, factor, base) }

  /// Adds `factor` times other elements, of which there are as many.
  @inline(__always)
  func add(_ other: Lent<Float>, times factor: Float = 1) {
    assert(other.count == count, "\(other.count) elements for \(count)")
    unsafe Kernels.table.axpy(count, factor, other.base, base)
  }

  /// Becomes a − b.
  @inline(__always)
  func setDifference(_ a: Lent<Float>, _ b: Lent<Float>) {
    assert(a.count == count && b.count == count, "\(a.count) less \(b.count) for \(count)")
    unsafe Kernels.table.subtract(count, a.base, b.base, base)
  }

  /// x ← cap · tanh(scale · x / cap).
  @inline(__always)
  func softCap(scale: Float, _ cap: Float) {
    unsafe Kernels.table.softCap(count, scale, cap, base)
  }

  /// Divides by the norm plus `normGuard`.
  @inline(__always)
  func normalize(normGuard: Float) {
    scale(by: 1 / (reading.sumOfSquares().squareRoot() + normGuard))
  }

  /// Becomes, or adds, Σ of the rows with the given numbers, each times its coefficient.
  ///
  /// - Parameter rows: as long as these elements, or longer: numbers after them are not read.
  @inline(__always)
  func sumRows(
    _ indices: Lent<UInt32>, _ coefficients: Lent<Float>, of rows: LentRows<Float>,
    accumulate: Bool
  ) {
    assert(
      coefficients.count >= indices.count && rows.width >= count,
      "\(indices.count) rows of \(rows.width) with \(coefficients.count) coefficients into \(count)"
    )
    unsafe Kernels.table.weightedRowSum(
      indices.count, indices.base, coefficients.base, rows.elements.base, count, rows.stride, base,
      accumulate)
  }

  /// Becomes the products of a vector with the rows of the given numbers.
  @inline(__always)
  func setDots(_ indices: Lent<UInt32>, _ vector: Lent<Float>, with rows: LentRows<Float>) {
    assert(
      count >= indices.count && vector.count == rows.width,
      "\(indices.count) products of \(vector.count) with \(rows.width) into \(count)")
    unsafe Kernels.table.rowDots(
      indices.count, indices.base, vector.base, rows.elements.base, rows.width, rows.stride, base)
  }
}
