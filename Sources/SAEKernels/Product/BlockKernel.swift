/// Loops 2 and 1 of the product: all register tiles of one block of C.
///
/// Packed operands (see `Packing.swift`): A as panels of `rows` rows, B as panels of
/// `vectors · lanes` columns, both zero-padded to whole panels and `depth` deep.
public enum BlockKernel<Unit: VectorUnit, let rows: Int, let vectors: Int> {
  public typealias Micro = MicroKernel<Unit, rows, vectors>

  /// C[i][j] (+)= Σ_p A[i][p] · B[p][j] for i < `m`, j < `n`; rows of C are `rowStride` apart.
  ///
  /// A panel of B stays in the first two caches while A's panels go by from the second, and each of them
  /// fetches its share of the panel of B that follows; after the last comes the first again, for the next
  /// block.
  @inlinable @inline(__always)
  public static func run(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, rowStride: Int, accumulate: Bool
  ) {
    let columns = Micro.columns
    withUnsafeTemporaryAllocation(
      byteCount: rows * columns * MemoryLayout<Float>.stride, alignment: 64
    ) { raw in
      guard let scratch = raw.bindMemory(to: Float.self).baseAddress else { return }
      let tiles = max(1, (m + rows - 1) / rows)
      let nextStep = (columns + tiles - 1) / tiles
      var j = 0
      while j < n {
        let width = min(columns, n - j)
        var next = j + columns < n ? b + (j + columns) * depth : b
        var i = 0
        while i < m {
          let height = min(rows, m - i)
          let destination = c + (i * rowStride + j)
          let full = height == rows && width == columns
          Micro.run(
            depth: depth, a: a + i * depth, b: b + j * depth,
            c: full ? destination : scratch, rowStride: full ? rowStride : columns,
            accumulate: full && accumulate, next: next, nextStep: nextStep)
          next += nextStep * depth
          if !full {
            for r in 0..<height {
              let from = scratch + r * columns
              let to = destination + r * rowStride
              if accumulate {
                for q in 0..<width { to[q] += from[q] }
              } else {
                for q in 0..<width { to[q] = from[q] }
              }
            }
          }
          i += rows
        }
        j += columns
      }
    }
  }
}
