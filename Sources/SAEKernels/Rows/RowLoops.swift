/// Sums over, and products with, rows picked from a matrix by a list of indices: what decoding and
/// the sparse gradients are made of.
public enum RowLoops<Unit: VectorUnit, let strip: Int> {
  public typealias Vector = Unit.Vector

  /// out = (accumulate ? out : 0) + Σⱼ coefficients[j] · rows[indices[j]], each row `width` long.
  ///
  /// A strip of `strip` vectors of the sum stays in registers while the rows go by: summed one row
  /// at a time, `out` would be loaded and stored as often as the rows are.
  @inlinable @inline(__always)
  public static func weightedSum(
    _ count: Int, _ indices: UnsafePointer<UInt32>, _ coefficients: UnsafePointer<Float>,
    _ rows: UnsafePointer<Float>, width: Int, rowStride: Int,
    _ out: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    let lanes = Vector.scalarCount
    var column = 0
    while column + strip * lanes <= width {
      var sums = InlineArray<strip, Vector>(repeating: .zero)
      if accumulate {
        for s in 0..<strip { sums[s] = out.vector(column + s * lanes) }
      }
      for j in 0..<count {
        let row = rows + (Int(indices[j]) * rowStride + column)
        let c = Vector(repeating: coefficients[j])
        for s in 0..<strip { sums[s] = Unit.multiplyAdd(sums[s], c, row.vector(s * lanes)) }
      }
      for s in 0..<strip { out.store(sums[s], column + s * lanes) }
      column += strip * lanes
    }
    while column + lanes <= width {
      var sum: Vector = accumulate ? out.vector(column) : .zero
      for j in 0..<count {
        let row = rows + (Int(indices[j]) * rowStride + column)
        sum = Unit.multiplyAdd(sum, Vector(repeating: coefficients[j]), row.vector(0))
      }
      out.store(sum, column)
      column += lanes
    }
    while column < width {
      var sum = accumulate ? out[column] : 0
      for j in 0..<count {
        sum = Unit.multiplyAdd(sum, coefficients[j], rows[Int(indices[j]) * rowStride + column])
      }
      out[column] = sum
      column += 1
    }
  }

  /// out[j] = ⟨x, rows[indices[j]]⟩
  @inlinable @inline(__always)
  public static func dots(
    _ count: Int, _ indices: UnsafePointer<UInt32>, _ x: UnsafePointer<Float>,
    _ rows: UnsafePointer<Float>, width: Int, rowStride: Int, _ out: UnsafeMutablePointer<Float>
  ) {
    for j in 0..<count {
      out[j] = VectorLoops<Unit>.dot(width, x, rows + Int(indices[j]) * rowStride)
    }
  }
}
