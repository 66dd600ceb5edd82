/// The entries of a row that are above a threshold, kept as a bit each and the values alone.
public enum PanelEntries<Unit: VectorUnit> {
  public typealias Vector = Unit.Vector

  /// Masks of a row of `n`.
  @inlinable @inline(__always)
  static func maskCount(_ n: Int) -> Int { (n + 31) / 32 }

  /// Sets a bit where value + bias > threshold, of a mask for every 32 elements; returns how many.
  @inlinable @inline(__always)
  public static func mark(
    _ n: Int, _ values: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    thresholds: UnsafePointer<Float>, masks: UnsafeMutablePointer<UInt32>
  ) -> Int {
    let lanes = Vector.scalarCount
    var count = 0
    for index in 0..<maskCount(n) {
      let end = min(n, 32 * index + 32)
      var (mask, i): (UInt32, Int) = (0, 32 * index)
      while i + lanes <= end {
        let sum: Vector = values.vector(i) + bias.vector(i)
        let below: Vector = thresholds.vector(i) - sum
        mask |= Vector.signMask(below.bits) << UInt32(i % 32)
        i += lanes
      }
      while i < end {
        mask |= (values[i] + bias[i] > thresholds[i] ? 1 : 0) << UInt32(i % 32)
        i += 1
      }
      masks[index] = mask
      count += mask.nonzeroBitCount
    }
    return count
  }

  /// The values whose bits are set, one after another.
  @inlinable @inline(__always)
  public static func gather(
    _ n: Int, masks: UnsafePointer<UInt32>, _ values: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>
  ) {
    var length = 0
    for index in 0..<maskCount(n) {
      var mask = masks[index]
      while mask != 0 {
        out[length] = values[32 * index + mask.trailingZeroBitCount]
        length += 1
        mask &= mask &- 1
      }
    }
  }

  /// The row again, `fill` where no bit is set.
  @inlinable @inline(__always)
  public static func scatter(
    _ n: Int, masks: UnsafePointer<UInt32>, _ values: UnsafePointer<Float>, fill: Float,
    _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n { out[i] = fill }
    var length = 0
    for index in 0..<maskCount(n) {
      var mask = masks[index]
      while mask != 0 {
        out[32 * index + mask.trailingZeroBitCount] = values[length]
        length += 1
        mask &= mask &- 1
      }
    }
  }
}
