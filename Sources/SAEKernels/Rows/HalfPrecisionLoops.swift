/// float16 and bfloat16, as bit patterns, to float32 and back; written so that the compiler makes
/// vectors of them (`Float16` itself does not exist on every platform).
public enum HalfPrecision<Unit: VectorUnit> {
  /// bfloat16 is the upper half of a float32.
  @inlinable @inline(__always)
  public static func widenBrain(
    _ n: Int, _ x: UnsafePointer<UInt16>, _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n { out[i] = Float(bitPattern: UInt32(x[i]) << 16) }
  }

  /// IEEE half to float32, exact, subnormals, infinities and NaNs included.
  @inlinable @inline(__always)
  public static func widenHalf(
    _ n: Int, _ x: UnsafePointer<UInt16>, _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n {
      let h = UInt32(x[i])
      // With the exponent's bias off by 112, one exact product corrects normal and subnormal alike.
      let magnitude = Float(bitPattern: (h & 0x7FFF) << 13) * 0x1p112
      let special: UInt32 = (h & 0x7C00) == 0x7C00 ? 0x7F80_0000 : 0
      out[i] = Float(bitPattern: magnitude.bitPattern | special | (h & 0x8000) << 16)
    }
  }

  /// To the nearest bfloat16, ties to even; a NaN stays one.
  @inlinable @inline(__always)
  public static func narrowBrain(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<UInt16>
  ) {
    for i in 0..<n {
      let bits = x[i].bitPattern
      let isNaN = (bits & 0x7FFF_FFFF) > 0x7F80_0000
      let rounded = (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16
      out[i] = UInt16(truncatingIfNeeded: isNaN ? (bits >> 16) | 0x40 : rounded)
    }
  }

  /// To the nearest half, ties to even; too large becomes infinity, a NaN stays one.
  @inlinable @inline(__always)
  public static func narrowHalf(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<UInt16>
  ) {
    for i in 0..<n {
      let bits = x[i].bitPattern
      let sign = (bits >> 16) & 0x8000
      let magnitude = bits & 0x7FFF_FFFF
      // Below 2⁻¹⁴ the sum with ½ leaves the subnormal half, rounded, in the low bits.
      let small = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3F00_0000
      let normal = (magnitude &- 0x3800_0000 &+ 0xFFF &+ ((magnitude >> 13) & 1)) >> 13
      let finite = magnitude < 0x3880_0000 ? small : normal
      let large: UInt32 = magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00
      out[i] = UInt16(truncatingIfNeeded: sign | (magnitude >= 0x4780_0000 ? large : finite))
    }
  }
}
