/// Four rows of four floats, `stride` apart, to four of four, `outStride` apart: element j of row i
/// becomes element i of row j.
@inlinable @inline(__always)
func transposeFour(
  _ source: UnsafePointer<Float>, _ stride: Int, into out: UnsafeMutablePointer<Float>,
  _ outStride: Int
) {
  let a: SIMD4<Float> = source.vector(0)
  let b: SIMD4<Float> = source.vector(stride)
  let c: SIMD4<Float> = source.vector(2 &* stride)
  let d: SIMD4<Float> = source.vector(3 &* stride)
  for row in 0..<4 { out.store(SIMD4(a[row], b[row], c[row], d[row]), row &* outStride) }
}
