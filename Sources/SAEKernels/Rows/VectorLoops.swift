/// Loops over one or two vectors of floats: `n` elements, any alignment.
public enum VectorLoops<Unit: VectorUnit> {
  public typealias Vector = Unit.Vector

  @inlinable @inline(__always)
  static var lanes: Int { Vector.scalarCount }

  /// y += α x
  @inlinable @inline(__always)
  public static func axpy(
    _ n: Int, _ alpha: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    let factor = Vector(repeating: alpha)
    var i = 0
    while i + lanes <= n {
      y.store(Unit.multiplyAdd(y.vector(i), factor, x.vector(i)), i)
      i += lanes
    }
    while i < n {
      y[i] = Unit.multiplyAdd(y[i], alpha, x[i])
      i += 1
    }
  }

  /// x *= α
  @inlinable @inline(__always)
  public static func scale(_ n: Int, _ alpha: Float, _ x: UnsafeMutablePointer<Float>) {
    let factor = Vector(repeating: alpha)
    var i = 0
    while i + lanes <= n {
      x.store(x.vector(i) * factor, i)
      i += lanes
    }
    while i < n {
      x[i] *= alpha
      i += 1
    }
  }

  /// out = a − b; `out` may be one of the two.
  @inlinable @inline(__always)
  public static func subtract(
    _ n: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>
  ) {
    var i = 0
    while i + lanes <= n {
      let difference: Vector = a.vector(i) - b.vector(i)
      out.store(difference, i)
      i += lanes
    }
    while i < n {
      out[i] = a[i] - b[i]
      i += 1
    }
  }

  /// out = a ⊙ b; `out` may be one of the two.
  @inlinable @inline(__always)
  public static func multiply(
    _ n: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>
  ) {
    var i = 0
    while i + lanes <= n {
      let product: Vector = a.vector(i) * b.vector(i)
      out.store(product, i)
      i += lanes
    }
    while i < n {
      out[i] = a[i] * b[i]
      i += 1
    }
  }

  /// Σ x y, in four vectors of partial sums.
  @inlinable @inline(__always)
  public static func dot(
    _ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>
  ) -> Float {
    var s0 = Vector.zero
    var s1 = Vector.zero
    var s2 = Vector.zero
    var s3 = Vector.zero
    var i = 0
    while i + 4 * lanes <= n {
      s0 = Unit.multiplyAdd(s0, x.vector(i), y.vector(i))
      s1 = Unit.multiplyAdd(s1, x.vector(i + lanes), y.vector(i + lanes))
      s2 = Unit.multiplyAdd(s2, x.vector(i + 2 * lanes), y.vector(i + 2 * lanes))
      s3 = Unit.multiplyAdd(s3, x.vector(i + 3 * lanes), y.vector(i + 3 * lanes))
      i += 4 * lanes
    }
    while i + lanes <= n {
      s0 = Unit.multiplyAdd(s0, x.vector(i), y.vector(i))
      i += lanes
    }
    var sum = ((s0 + s1) + (s2 + s3)).laneSum
    while i < n {
      sum = Unit.multiplyAdd(sum, x[i], y[i])
      i += 1
    }
    return sum
  }

  /// Σ x, in two vectors of partial sums.
  @inlinable @inline(__always)
  public static func sum(_ n: Int, _ x: UnsafePointer<Float>) -> Float {
    var s0 = Vector.zero
    var s1 = Vector.zero
    var i = 0
    while i + 2 * lanes <= n {
      s0 += x.vector(i)
      s1 += x.vector(i + lanes)
      i += 2 * lanes
    }
    while i + lanes <= n {
      s0 += x.vector(i)
      i += lanes
    }
    var sum = (s0 + s1).laneSum
    while i < n {
      sum += x[i]
      i += 1
    }
    return sum
  }

  /// Σ x²
  @inlinable @inline(__always)
  public static func sumOfSquares(_ n: Int, _ x: UnsafePointer<Float>) -> Float { dot(n, x, x) }

  /// The largest element, −∞ if there is none; NaN elements lose against numbers.
  @inlinable @inline(__always)
  public static func maximum(_ n: Int, _ x: UnsafePointer<Float>) -> Float {
    // Thirty-two columns of maxima: one running maximum would be a chain that no vector can shorten.
    var columns = InlineArray<32, Float>(repeating: -Float.infinity)
    var i = 0
    while i + 32 <= n {
      for c in 0..<32 { columns[c] = x[i + c] > columns[c] ? x[i + c] : columns[c] }
      i += 32
    }
    var largest = -Float.infinity
    for c in 0..<32 { largest = columns[c] > largest ? columns[c] : largest }
    while i < n {
      if x[i] > largest { largest = x[i] }
      i += 1
    }
    return largest
  }

  /// Whether all elements are finite.
  @inlinable @inline(__always)
  public static func allFinite(_ n: Int, _ x: UnsafePointer<Float>) -> Bool {
    // The exponent's bits are all ones exactly for infinities and NaNs.
    var found: UInt32 = 0
    for i in 0..<n {
      found |= (x[i].bitPattern & 0x7F80_0000) == 0x7F80_0000 ? 1 : 0
    }
    return found == 0
  }

  /// x and y in double: sums[d] += x[d], the way that statistics over many tokens are kept.
  @inlinable @inline(__always)
  public static func accumulate(
    _ n: Int, _ x: UnsafePointer<Float>, _ sums: UnsafeMutablePointer<Double>
  ) {
    for i in 0..<n { sums[i] += Double(x[i]) }
  }
}
