/// A product whose first factor has many zeros, which it skips:
///
///     C[r] (+)= Σ a[r][p] · b[p]   over the steps p of r's mask
///
/// A strip of `vectors` vectors of a row of C stays in registers while the rows of b go by from the
/// first cache. At half of the elements it takes two thirds of the time of the register tile, which
/// multiplies by all of them; where most are 0, it mainly loads and stores C.
public enum MaskedKernel<Unit: VectorUnit, let vectors: Int> {
  public typealias Vector = Unit.Vector

  /// Steps of the depth that a mask has bits for. A strip of b that deep is half of the first cache.
  @inlinable @inline(__always)
  public static var steps: Int { 32 }

  /// Columns of a strip, in floats.
  @inlinable @inline(__always)
  public static var columns: Int { vectors * Vector.scalarCount }

  /// `m` rows of C, `n` columns of a strip.
  ///
  /// - Parameters:
  ///   - masks: one mask per row of A, one bit per step.
  ///   - a: ``steps`` floats per row.
  ///   - b: ``columns`` floats per step.
  ///   - rowStride: of C.
  ///   - next: the block of b that comes after this one, with steps `nextStride` apart; the loop brings
  ///     it to the second cache.
  @inlinable @inline(__always)
  public static func run(
    m: Int, n: Int, masks: UnsafePointer<UInt32>, a: UnsafePointer<Float>,
    b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>, rowStride: Int, accumulate: Bool,
    next: UnsafePointer<Float>, nextStride: Int
  ) {
    let lanes = Vector.scalarCount
    if n == columns {
      var (row, out) = (a, c)
      for r in 0..<m {
        // The next row of A is on its way while this one is summed.
        for p in stride(from: steps, to: 2 * steps, by: 16) { prefetch(row + p, 0, 3, 1) }
        if r < 4 * steps {
          let quarter = next + (r / 4 * nextStride + r % 4 * (columns / 4))
          for i in stride(from: 0, to: columns / 4, by: 16) { prefetch(quarter + i, 0, 2, 1) }
        }
        Sum<vectors>.add(masks[r], row, b, to: out, accumulate)
        row += steps
        out += rowStride
      }
      return
    }
    for r in 0..<m {
      let (row, out) = (a + r * steps, c + r * rowStride)
      var column = 0
      while column + 4 * lanes <= n {
        Sum<4>.add(masks[r], row, b + column, to: out + column, accumulate)
        column += 4 * lanes
      }
      while column + lanes <= n {
        Sum<1>.add(masks[r], row, b + column, to: out + column, accumulate)
        column += lanes
      }
      while column < n {
        var (sum, mask) = (accumulate ? out[column] : 0, masks[r])
        while mask != 0 {
          let p = mask.trailingZeroBitCount
          mask &= mask &- 1
          sum = Unit.multiplyAdd(sum, row[p], b[p * columns + column])
        }
        out[column] = sum
        column += 1
      }
    }
  }

  /// Some vectors of a row of C.
  @usableFromInline
  enum Sum<let count: Int> {
    @inlinable @inline(__always)
    static func add(
      _ mask: UInt32, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
      to c: UnsafeMutablePointer<Float>, _ accumulate: Bool
    ) {
      let lanes = Vector.scalarCount
      var sums = InlineArray<count, Vector>(repeating: .zero)
      if accumulate {
        for v in 0..<count { sums[v] = c.vector(v * lanes) }
      }
      var mask = mask
      while mask != 0 {
        let p = mask.trailingZeroBitCount
        mask &= mask &- 1
        let factor = Vector(repeating: a[p])
        let row = b + p * columns
        for v in 0..<count { sums[v] = Unit.multiplyAdd(sums[v], factor, row.vector(v * lanes)) }
      }
      for v in 0..<count { c.store(sums[v], v * lanes) }
    }
  }

  /// Packs `m` rows of A, at most ``steps`` deep and padded with zeros, and makes their masks.
  @inlinable @inline(__always)
  public static func pack(
    _ source: UnsafePointer<Float>, m: Int, depth: Int, rowStride: Int, depthStride: Int,
    into a: UnsafeMutablePointer<Float>, masks: UnsafeMutablePointer<UInt32>
  ) {
    var r = 0
    if depth == steps && rowStride == 1 {
      while r + 4 <= m {
        for p in stride(from: 0, to: steps, by: 4) {
          transposeFour(
            source + (p * depthStride + r), depthStride, into: a + (r * steps + p), steps)
        }
        r += 4
      }
    } else if depthStride == 1 {
      while r < m {
        let (from, to) = (source + r * rowStride, a + r * steps)
        for p in 0..<depth { to[p] = from[p] }
        for p in depth..<steps { to[p] = 0 }
        r += 1
      }
    }
    while r < m {
      let (from, to) = (source + r * rowStride, a + r * steps)
      for p in 0..<depth { to[p] = from[p * depthStride] }
      for p in depth..<steps { to[p] = 0 }
      r += 1
    }
    for r in 0..<m { masks[r] = mask(a + r * steps) }
  }

  /// A bit for each of ``steps`` floats that is not 0.
  @inlinable @inline(__always)
  static func mask(_ x: UnsafePointer<Float>) -> UInt32 {
    let lanes = Vector.scalarCount
    var mask: UInt32 = 0
    for p in stride(from: 0, to: steps, by: lanes) {
      let vector: Vector = x.vector(p)
      // Without its sign a float other than 0 is a positive integer.
      let magnitude = vector.bits & Vector.Integers(repeating: .max)
      mask |= Vector.signMask(Vector.Integers(repeating: 0) &- magnitude) << UInt32(p)
    }
    return mask
  }
}
