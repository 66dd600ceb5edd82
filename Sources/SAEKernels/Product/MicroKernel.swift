/// The innermost loop of the matrix product: one register tile of C, kept in registers over the
/// whole depth.
///
///     C[r][v] (+)= Σ_p a[p][r] · b[p][v]
///
///     A panel: depth × rows          B panel: depth × vectors
///     step p:  a₀ a₁ … a₁₃           b₀ │ b₁
///     tile[r][v] += a[r] · b[v]      b's vectors first, then row by row: nothing but FMAs
///
/// The caller promises `depth · rows` floats at `a`, `depth · vectors · lanes` floats at `b`, and a
/// full tile at `c`: edges go through a scratch tile. When overwriting, C is never read.
///
/// Every step of a wide tile asks for a line of the next panel of B (`next`, a tile's share of it,
/// `nextStep` floats per step) and a line of the panel of A after this one. Both come from the third
/// cache, which answers too late to be asked when they are needed.
public enum MicroKernel<Unit: VectorUnit, let rows: Int, let vectors: Int> {
  public typealias Vector = Unit.Vector
  public typealias Tile = InlineArray<rows, InlineArray<vectors, Vector>>

  /// Columns of the tile, in floats.
  @inlinable @inline(__always)
  public static var columns: Int { vectors * Vector.scalarCount }

  /// Narrower tiles have no instructions to spare in a step, and take longer over a panel.
  @inlinable @inline(__always)
  static var fetchesPanels: Bool { columns >= 32 }

  @inlinable @inline(__always)
  public static func run(
    depth: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, rowStride: Int, accumulate: Bool,
    next: UnsafePointer<Float>, nextStep: Int
  ) {
    var tile = Tile(repeating: InlineArray<vectors, Vector>(repeating: .zero))
    var (a, b, next) = (a, b, next)
    let panel = rows &* depth
    let quarter = depth / 4 &+ 1
    let rowsAtATime = (rows &+ 3) / 4
    var row = c
    var left = depth
    while left > 0 {
      // C is on its way from memory while the sums are made, a few rows at a time: more would keep A
      // and B waiting.
      for _ in 0..<rowsAtATime {
        for v in 0..<vectors { prefetch(row + v &* Vector.scalarCount, 1, 3, 1) }
        row += rowStride
      }
      let steps = min(left, quarter)
      left &-= steps
      for _ in 0..<steps {
        // B's vectors are loaded before the rows are walked: the other order spills the tile.
        var bs = InlineArray<vectors, Vector>(repeating: .zero)
        for v in 0..<vectors { bs[v] = b.vector(v * Vector.scalarCount, as: Vector.self) }
        for r in 0..<rows {
          let ar = Vector(repeating: a[r])
          for v in 0..<vectors { tile[r][v] = Unit.multiplyAdd(tile[r][v], ar, bs[v]) }
        }
        if fetchesPanels {
          prefetch(next, 0, 2, 1)
          prefetch(a + panel, 0, 2, 1)
          next += nextStep
        }
        a += rows
        b += columns
      }
    }
    if accumulate {
      for r in 0..<rows {
        for v in 0..<vectors {
          let offset = r * rowStride + v * Vector.scalarCount
          c.store(c.vector(offset, as: Vector.self) + tile[r][v], offset)
        }
      }
    } else {
      for r in 0..<rows {
        for v in 0..<vectors {
          c.store(tile[r][v], r * rowStride + v * Vector.scalarCount)
        }
      }
    }
  }
}
