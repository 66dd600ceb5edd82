/// Panels that the factors of a product in double are packed into.
public enum DoublePanel {
  @inlinable @inline(__always)
  public static var columns: Int { 16 }
}

/// The matrix product in double, for sums that float32 would spoil: normal equations and their
/// solution.
///
/// Panels are ``DoublePanel/columns`` rows or columns wide, packed step by step of the depth and padded with
/// zeros. Products and sums are rounded one by one, and every element of C is summed in the order of the
/// depth, beginning with its old value: however the depth is cut, the bits are the same, on every
/// instruction set. The vector unit only tells the copies of the code apart.
public enum DoubleLoops<Unit: VectorUnit> {
  public typealias Vector = SIMD8<Double>

  @inlinable @inline(__always)
  static var panel: Int { DoublePanel.columns }

  /// Rows of a register tile: half a panel.
  @inlinable @inline(__always)
  static var tileRows: Int { 8 }

  /// out[p][i] = factor · source[i · acrossStride + p · depthStride] for i < `count`, 0 for the rest
  /// of the panel.
  @inlinable @inline(__always)
  public static func pack(
    _ count: Int, _ depth: Int, _ source: UnsafePointer<Double>, acrossStride: Int,
    depthStride: Int, factor: Double, _ out: UnsafeMutablePointer<Double>
  ) {
    if acrossStride == 1, count == panel {
      for p in 0..<depth {
        for i in 0..<panel { out[p * panel + i] = factor * source[p * depthStride + i] }
      }
      return
    }
    for p in 0..<depth {
      for i in 0..<panel {
        out[p * panel + i] =
          i < count ? factor * source[i * acrossStride + p * depthStride] : 0
      }
    }
  }

  /// C[i][j] += Σ_p a[p][i] · b[p][j] for one panel of each, i < `m`, j < `n`.
  @inlinable @inline(__always)
  public static func multiplyPanels(
    m: Int, n: Int, depth: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ c: UnsafeMutablePointer<Double>, rowStride: Int
  ) {
    var i = 0
    while i < m {
      let height = min(tileRows, m - i)
      if height == tileRows, n == panel {
        tile(depth, a + i, b, c + i * rowStride, rowStride)
      } else {
        edge(height, n, depth, a + i, b, c + i * rowStride, rowStride)
      }
      i += tileRows
    }
  }

  @inlinable @inline(__always)
  static func load(_ p: UnsafePointer<Double>) -> Vector {
    UnsafeRawPointer(p).loadUnaligned(as: Vector.self)
  }

  @inlinable @inline(__always)
  static func tile(
    _ depth: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ c: UnsafeMutablePointer<Double>, _ rowStride: Int
  ) {
    var left = InlineArray<8, Vector>(repeating: .zero)
    var right = InlineArray<8, Vector>(repeating: .zero)
    for r in 0..<8 {
      left[r] = load(c + r * rowStride)
      right[r] = load(c + (r * rowStride + 8))
    }
    for p in 0..<depth {
      let first = load(b + p * panel)
      let second = load(b + (p * panel + 8))
      for r in 0..<8 {
        let factor = Vector(repeating: a[p * panel + r])
        left[r] += factor * first
        right[r] += factor * second
      }
    }
    for r in 0..<8 {
      let row = UnsafeMutableRawPointer(c + r * rowStride)
      row.storeBytes(of: left[r], as: Vector.self)
      (row + 64).storeBytes(of: right[r], as: Vector.self)
    }
  }

  @inlinable @inline(__always)
  static func edge(
    _ m: Int, _ n: Int, _ depth: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ c: UnsafeMutablePointer<Double>, _ rowStride: Int
  ) {
    for r in 0..<m {
      for j in 0..<n {
        var sum = c[r * rowStride + j]
        for p in 0..<depth { sum += a[p * panel + r] * b[p * panel + j] }
        c[r * rowStride + j] = sum
      }
    }
  }
}
