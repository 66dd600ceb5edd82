#if arch(x86_64)
  import SAEKernels
  public enum AVX512 {
    public static let tileRows = 14
    public static let tileColumns = 32
    public static func block(
      _ m: Int, _ n: Int, _ depth: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
      _ c: UnsafeMutablePointer<Float>, _ rowStride: Int, _ accumulate: Bool
    ) {
      BlockKernel<FusedUnit<SIMD16<Float>>, 14, 2>.run(
        m: m, n: n, depth: depth, a: a, b: b, c: c, rowStride: rowStride, accumulate: accumulate)
    }
    public static func packA(
      _ s: UnsafePointer<Float>, _ count: Int, _ depth: Int, _ x: Int, _ y: Int,
      _ d: UnsafeMutablePointer<Float>
    ) {
      Packing<14>.pack(s, count: count, depth: depth, acrossStride: x, depthStride: y, into: d)
    }
    public static func packB(
      _ s: UnsafePointer<Float>, _ count: Int, _ depth: Int, _ x: Int, _ y: Int,
      _ d: UnsafeMutablePointer<Float>
    ) {
      Packing<32>.pack(s, count: count, depth: depth, acrossStride: x, depthStride: y, into: d)
    }
  }
#endif
