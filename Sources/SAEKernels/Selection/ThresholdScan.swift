/// Finding the few elements of a row that exceed a threshold, one for all or one each.
public enum ThresholdScan<Unit: VectorUnit> {
  public typealias Vector = Unit.Vector

  /// The score of an element: (value + bias) · scale.
  @inlinable @inline(__always)
  static func score(
    _ i: Int, _ values: UnsafePointer<Float>, _ bias: UnsafePointer<Float>,
    _ scale: UnsafePointer<Float>
  ) -> Vector {
    let sum: Vector = values.vector(i) + bias.vector(i)
    return sum * scale.vector(i)
  }

  /// Appends every score above the threshold to the lists, with index `firstIndex + i`, in ascending
  /// order; returns the new length. The lists have room for `n` more.
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
    while i + 4 * lanes <= n {
      // A difference below zero has its sign bit set, exactly where score > threshold.
      let d0: Vector = limit - score(i, values, bias, scale)
      let d1: Vector = limit - score(i + lanes, values, bias, scale)
      let d2: Vector = limit - score(i + 2 * lanes, values, bias, scale)
      let d3: Vector = limit - score(i + 3 * lanes, values, bias, scale)
      if Vector.anyNegative(d0.bits | d1.bits | d2.bits | d3.bits) {
        let parts: InlineArray<4, Vector> = [d0, d1, d2, d3]
        for k in 0..<4 {
          var mask = Vector.signMask(parts[k].bits)
          while mask != 0 {
            let q = i + k * lanes + mask.trailingZeroBitCount
            let value = (values[q] + bias[q]) * scale[q]
            indices[length] = firstIndex &+ UInt32(truncatingIfNeeded: q)
            found[length] = value
            // A NaN may carry the sign as well.
            length += value > threshold ? 1 : 0
            mask &= mask &- 1
          }
        }
      }
      i += 4 * lanes
    }
    return appendEach(i, n, values, bias, scale, threshold, firstIndex, indices, found, length)
  }

  /// Appends every value + bias above the element's own threshold; else as the other.
  @inlinable @inline(__always)
  public static func append(
    _ n: Int, _ values: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    thresholds: UnsafePointer<Float>, firstIndex: UInt32,
    _ indices: UnsafeMutablePointer<UInt32>, _ found: UnsafeMutablePointer<Float>, length: Int
  ) -> Int {
    let lanes = Vector.scalarCount
    var length = length
    var i = 0
    while i + 4 * lanes <= n {
      var parts = InlineArray<4, Vector>(repeating: .zero)
      for k in 0..<4 {
        let q = i + k * lanes
        let sum: Vector = values.vector(q) + bias.vector(q)
        // The sign is that of the comparison: a difference is 0 only between equals.
        parts[k] = thresholds.vector(q) - sum
      }
      if Vector.anyNegative(parts[0].bits | parts[1].bits | parts[2].bits | parts[3].bits) {
        for k in 0..<4 {
          var mask = Vector.signMask(parts[k].bits)
          while mask != 0 {
            let q = i + k * lanes + mask.trailingZeroBitCount
            let value = values[q] + bias[q]
            indices[length] = firstIndex &+ UInt32(truncatingIfNeeded: q)
            found[length] = value
            length += value > thresholds[q] ? 1 : 0
            mask &= mask &- 1
          }
        }
      }
      i += 4 * lanes
    }
    for q in i..<n {
      let value = values[q] + bias[q]
      indices[length] = firstIndex &+ UInt32(truncatingIfNeeded: q)
      found[length] = value
      length += value > thresholds[q] ? 1 : 0
    }
    return length
  }

  @inlinable @inline(__always)
  static func appendEach(
    _ begin: Int, _ end: Int, _ values: UnsafePointer<Float>, _ bias: UnsafePointer<Float>,
    _ scale: UnsafePointer<Float>, _ threshold: Float, _ firstIndex: UInt32,
    _ indices: UnsafeMutablePointer<UInt32>, _ found: UnsafeMutablePointer<Float>, _ start: Int
  ) -> Int {
    var length = start
    for q in begin..<end {
      let value = (values[q] + bias[q]) * scale[q]
      // Written always, kept only if it counts: no branch to mispredict.
      indices[length] = firstIndex &+ UInt32(truncatingIfNeeded: q)
      found[length] = value
      length += value > threshold ? 1 : 0
    }
    return length
  }
}
