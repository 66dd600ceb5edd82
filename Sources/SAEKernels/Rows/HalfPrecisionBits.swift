/// Conversions between float32 and its short forms, in whole-number arithmetic that any machine has.
///
/// `Float16` is not available on every platform, and there is no type of the language for the rest.
public enum HalfPrecisionBits {
  /// Widens an IEEE half; exact, NaN payloads included.
  @inlinable @inline(__always)
  public static func widen(f16 bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7FFF) << 13
    // Moves the exponent's bias from 15 to 127 and normalizes subnormal numbers.
    let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    let special: UInt32 = bits & 0x7C00 == 0x7C00 ? 0x7F80_0000 | magnitude : scaled
    return Float(bitPattern: special | UInt32(bits & 0x8000) << 16)
  }

  /// Widens a bfloat16; exact.
  @inlinable @inline(__always)
  public static func widen(bf16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// Widens an E5M2 number, the upper half of an IEEE half; exact.
  @inlinable @inline(__always)
  public static func widen(e5m2 bits: UInt8) -> Float { widen(f16: UInt16(bits) << 8) }

  /// Widens an E4M3 number: bias 7, no infinity, NaN where all bits but the sign are set; exact.
  @inlinable @inline(__always)
  public static func widen(e4m3 bits: UInt8) -> Float {
    let magnitude = UInt32(bits & 0x7F) << 20
    let scaled = (Float(bitPattern: magnitude) * 0x1p120).bitPattern
    let special = bits & 0x7F == 0x7F ? 0x7FC0_0000 : scaled
    return Float(bitPattern: special | UInt32(bits & 0x80) << 24)
  }

  /// Rounds to bfloat16, to nearest and half to even; a NaN stays one.
  @inlinable @inline(__always)
  public static func narrow(bf16 value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    let rounding = 0x7FFF + (bits >> 16 & 1)
    return UInt16(truncatingIfNeeded: (bits + rounding) >> 16)
  }

  /// Rounds to an IEEE half, to nearest and half to even; a NaN stays one, and a number that is too large
  /// becomes infinite.
  @inlinable @inline(__always)
  public static func narrow(f16 value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 {
      return sign | 0x7E00 | UInt16(truncatingIfNeeded: magnitude >> 13 & 0x3FF)
    }
    // 65520, half way between the largest half and the next power of two, and numbers above it.
    if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
    // Below 2⁻¹⁴ the result is subnormal: adding 0.5 leaves multiples of 2⁻²⁴ in the low bits.
    if magnitude < 0x3880_0000 {
      let shifted = Float(bitPattern: magnitude) + 0.5
      return sign | UInt16(truncatingIfNeeded: shifted.bitPattern - Float(0.5).bitPattern)
    }
    let rebiased = magnitude - 0x3800_0000
    return sign | UInt16(truncatingIfNeeded: (rebiased + 0xFFF + (rebiased >> 13 & 1)) >> 13)
  }
}
