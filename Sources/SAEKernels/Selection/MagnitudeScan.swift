/// Finding the few elements of a row whose magnitude exceeds a threshold.
///
/// A found score is listed by its magnitude; its sign stands in the highest bit of its index.
public enum MagnitudeScan<Unit: VectorUnit> {
  public typealias Vector = Unit.Vector

  /// Set in the index of a negative score.
  @inlinable @inline(__always)
  public static var negative: UInt32 { 1 << 31 }

  /// Appends as ``ThresholdScan`` does. The threshold is at least 0.
  @inlinable @inline(__always)
  public static func append(
    _ n: Int, _ values: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    scale: UnsafePointer<Float>, above threshold: Float, firstIndex: UInt32,
    _ indices: UnsafeMutablePointer<UInt32>, _ found: UnsafeMutablePointer<Float>, length: Int
  ) -> Int {
    let lanes = Vector.scalarCount
    let limit = Vector(repeating: threshold)
    var length = length
    var i = 0
    while i + lanes <= n {
      let score = ThresholdScan<Unit>.score(i, values, bias, scale)
      let positive: Vector = limit - score
      let negative: Vector = limit + score
      // One of the two is below zero where the magnitude is above the threshold.
      let bits = positive.bits | negative.bits
      if Vector.anyNegative(bits) {
        var mask = Vector.signMask(bits)
        while mask != 0 {
          let q = i + mask.trailingZeroBitCount
          length = keep(
            q, values, bias, scale, threshold, firstIndex, indices, found, length)
          mask &= mask &- 1
        }
      }
      i += lanes
    }
    while i < n {
      length = keep(i, values, bias, scale, threshold, firstIndex, indices, found, length)
      i += 1
    }
    return length
  }

  /// Writes an element, and counts it if it is above the threshold.
  @inlinable @inline(__always)
  static func keep(
    _ q: Int, _ values: UnsafePointer<Float>, _ bias: UnsafePointer<Float>,
    _ scale: UnsafePointer<Float>, _ threshold: Float, _ firstIndex: UInt32,
    _ indices: UnsafeMutablePointer<UInt32>, _ found: UnsafeMutablePointer<Float>, _ length: Int
  ) -> Int {
    let value = (values[q] + bias[q]) * scale[q]
    let magnitude = value < 0 ? -value : value
    let index = firstIndex &+ UInt32(truncatingIfNeeded: q)
    indices[length] = value < 0 ? index | negative : index
    found[length] = magnitude
    return length + (magnitude > threshold ? 1 : 0)
  }
}
