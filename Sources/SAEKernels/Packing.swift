/// Packing copies an operand into the order in which the micro-kernel reads it:
///
///     panel 0: step 0 (width floats) · step 1 · … · step depth−1 │ panel 1 …
///
/// The last panel is padded with zeros. `acrossStride` is the distance between neighbours across a
/// panel (rows of A, columns of B), `depthStride` that between steps of the sum.
public enum Packing<let width: Int> {
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
        for p in 0..<depth {
          let step = from + p * depthStride
          for i in 0..<width { panel[p * width + i] = step[i] }
        }
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

  /// Steps are contiguous in the source: a transposition, a cache line of each row at a time.
  @inlinable @inline(__always)
  static func packTransposed(
    _ source: UnsafePointer<Float>, depth: Int, acrossStride: Int,
    into panel: UnsafeMutablePointer<Float>
  ) {
    let line = 16
    var p = 0
    while p < depth {
      let end = min(p + line, depth)
      for i in 0..<width {
        let row = source + i * acrossStride
        for q in p..<end { panel[q * width + i] = row[q] }
      }
      p = end
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
