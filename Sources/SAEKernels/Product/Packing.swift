/// Packing copies an operand into the order in which the micro-kernel reads it:
///
///     panel 0: step 0 (width floats) · step 1 · … · step depth−1 │ panel 1 …
///
/// The last panel is padded with zeros. `acrossStride` is the distance between neighbors across a
/// panel (rows of A, columns of B), `depthStride` that between steps of the sum.
///
/// The copied elements lie one row of the source apart, often a page: no processor predicts that, so the
/// loop asks for the next rows ahead.
public enum Packing<Unit: VectorUnit, let width: Int> {
  /// Floats of a cache line.
  @inlinable @inline(__always)
  static var cacheLine: Int { 16 }

  @inlinable @inline(__always)
  public static func pack(
    _ source: UnsafePointer<Float>, count: Int, depth: Int, acrossStride: Int, depthStride: Int,
    into destination: UnsafeMutablePointer<Float>
  ) {
    var first = 0
    while first < count {
      let panel = destination + first * depth
      let from = source + first * acrossStride
      let filled = min(width, count - first)
      if filled < width {
        packPartial(
          from, filled: filled, depth: depth, acrossStride: acrossStride,
          depthStride: depthStride, into: panel)
      } else if acrossStride == 1 {
        // Several panels per step: a step is often a memory page away from the next.
        let panels = min(8, (count - first) / width)
        for p in 0..<depth {
          for q in 0..<panels {
            let step = from + (p * depthStride + q * width)
            for i in stride(from: 0, to: width, by: cacheLine) {
              prefetch(step + (8 * depthStride + i), 0, 3, 1)
            }
            let out = panel + (q * depth + p) * width
            for i in 0..<width { out[i] = step[i] }
          }
        }
        first += (panels - 1) * width
      } else if depthStride == 1 {
        packTransposed(from, depth: depth, acrossStride: acrossStride, into: panel)
      } else {
        packPartial(
          from, filled: width, depth: depth, acrossStride: acrossStride,
          depthStride: depthStride, into: panel)
      }
      first += width
    }
  }

  /// Steps are contiguous in the source: a transposition, four rows by four steps at a time, over
  /// stretches of steps short enough for their part of the panel to stay in the first cache.
  @inlinable @inline(__always)
  static func packTransposed(
    _ source: UnsafePointer<Float>, depth: Int, acrossStride: Int,
    into panel: UnsafeMutablePointer<Float>
  ) {
    let stretch = 64
    var begin = 0
    while begin < depth {
      let end = min(begin &+ stretch, depth)
      var group = 0
      while group < width {
        // The last four rows may be some of those before once more.
        let i = max(0, min(group, width &- 4))
        let row = source + i &* acrossStride
        var p = begin
        while p &+ cacheLine <= end {
          for q in 0..<4 { prefetch(row + (q &* acrossStride &+ p &+ 2 &* stretch), 0, 3, 1) }
          for _ in 0..<4 {
            transposeFour(row + p, acrossStride, into: panel + (p &* width &+ i), width)
            p &+= 4
          }
        }
        while p < end {
          for q in 0..<4 { panel[p &* width &+ i &+ q] = row[q &* acrossStride &+ p] }
          p &+= 1
        }
        group &+= 4
      }
      begin = end
    }
  }

  @inlinable @inline(__always)
  static func packPartial(
    _ source: UnsafePointer<Float>, filled: Int, depth: Int, acrossStride: Int, depthStride: Int,
    into panel: UnsafeMutablePointer<Float>
  ) {
    for p in 0..<depth {
      for i in 0..<filled { panel[p * width + i] = source[i * acrossStride + p * depthStride] }
      for i in filled..<width { panel[p * width + i] = 0 }
    }
  }
}
