/// Finding the few elements of a row that exceed a threshold.
public enum ThresholdScan<Unit: VectorUnit> {
  public typealias Vector = Unit.Vector

  /// Appends every values[i] + bias[i] > threshold to the lists, with index `firstIndex + i`, in
  /// ascending order; returns the new length. The lists have room for `n` more.
  @inlinable @inline(__always)
  public static func append(
    _ n: Int, _ values: UnsafePointer<Float>, bias: UnsafePointer<Float>, above threshold: Float,
    firstIndex: UInt32, _ indices: UnsafeMutablePointer<UInt32>,
    _ found: UnsafeMutablePointer<Float>, length: Int
  ) -> Int {
    let lanes = Vector.scalarCount
    let limit = Vector(repeating: threshold)
    var length = length
    var i = 0
    while i + 4 * lanes <= n {
      // A difference below zero has its sign bit set, exactly where value + bias > threshold.
      let d0: Vector = limit - (values.vector(i) + bias.vector(i))
      let d1: Vector = limit - (values.vector(i + lanes) + bias.vector(i + lanes))
      let d2: Vector = limit - (values.vector(i + 2 * lanes) + bias.vector(i + 2 * lanes))
      let d3: Vector = limit - (values.vector(i + 3 * lanes) + bias.vector(i + 3 * lanes))
      if Vector.anyNegative(d0.bits | d1.bits | d2.bits | d3.bits) {
        var part = i
        let parts: InlineArray<4, Vector> = [d0, d1, d2, d3]
        for k in 0..<4 {
          let d = parts[k]
          if Vector.anyNegative(d.bits) {
            length = appendEach(
              part, part + lanes, values, bias, threshold, firstIndex, indices, found, length)
          }
          part += lanes
        }
      }
      i += 4 * lanes
    }
    return appendEach(i, n, values, bias, threshold, firstIndex, indices, found, length)
  }

  @inlinable @inline(__always)
  static func appendEach(
    _ begin: Int, _ end: Int, _ values: UnsafePointer<Float>, _ bias: UnsafePointer<Float>,
    _ threshold: Float, _ firstIndex: UInt32, _ indices: UnsafeMutablePointer<UInt32>,
    _ found: UnsafeMutablePointer<Float>, _ start: Int
  ) -> Int {
    var length = start
    for q in begin..<end {
      let value = values[q] + bias[q]
      // Written always, kept only if it counts: no branch to mispredict.
      indices[length] = firstIndex &+ UInt32(truncatingIfNeeded: q)
      found[length] = value
      length += value > threshold ? 1 : 0
    }
    return length
  }
}
