import SAEKernels
import Testing

@Suite struct HalfPrecisionTests {
  /// Value of an IEEE-like format from its definition, in double.
  private func value(_ bits: Int, exponentBits: Int, mantissaBits: Int) -> Double {
    let bias = 1 << (exponentBits - 1) - 1
    let exponent = bits >> mantissaBits & ((1 << exponentBits) - 1)
    let mantissa = Double(bits & ((1 << mantissaBits) - 1)) / Double(1 << mantissaBits)
    let sign = bits >> (exponentBits + mantissaBits) & 1 == 1 ? -1.0 : 1.0
    if exponent == 0 {
      return sign * mantissa * Double(sign: .plus, exponent: 1 - bias, significand: 1)
    }
    return sign * Double(sign: .plus, exponent: exponent - bias, significand: 1 + mantissa)
  }

  @Test func everyHalfWidensToItsValueAndBack() {
    for bits in UInt16.min...UInt16.max {
      let wide = HalfPrecisionBits.widen(f16: bits)
      if bits & 0x7C00 == 0x7C00 {
        #expect(bits & 0x3FF == 0 ? wide.isInfinite : wide.isNaN)
      } else {
        #expect(Double(wide) == value(Int(bits), exponentBits: 5, mantissaBits: 10))
      }
      #expect(wide.sign == (bits >> 15 == 1 ? .minus : .plus))
      let back = HalfPrecisionBits.narrow(f16: wide)
      #expect(back == (wide.isNaN ? bits | 0x200 : bits))
    }
  }

  @Test func everyBFloat16WidensToItsUpperHalfAndBack() {
    for bits in UInt16.min...UInt16.max {
      let wide = HalfPrecisionBits.widen(bf16: bits)
      #expect(wide.bitPattern == UInt32(bits) << 16)
      #expect(HalfPrecisionBits.narrow(bf16: wide) == (wide.isNaN ? bits | 0x40 : bits))
    }
  }

  @Test func everyEightBitFloatWidensToItsValue() {
    for bits in UInt8.min...UInt8.max {
      let short = HalfPrecisionBits.widen(e5m2: bits)
      if bits & 0x7C != 0x7C {
        #expect(Double(short) == value(Int(bits), exponentBits: 5, mantissaBits: 2))
      } else {
        #expect(bits & 3 == 0 ? short.isInfinite : short.isNaN)
      }
      let long = HalfPrecisionBits.widen(e4m3: bits)
      if bits & 0x7F == 0x7F {
        #expect(long.isNaN)
      } else {
        #expect(Double(long) == value(Int(bits), exponentBits: 4, mantissaBits: 3))
      }
    }
  }

  /// Between two neighbors, the nearer one is taken, and the even one from half way.
  @Test func narrowingRoundsToNearestEven() {
    for bits in stride(from: UInt16(0), to: 0x7BFF, by: 7) {
      let low = HalfPrecisionBits.widen(f16: bits)
      let high = HalfPrecisionBits.widen(f16: bits + 1)
      let middle = (low + high) / 2
      #expect(HalfPrecisionBits.narrow(f16: middle.nextDown) == bits)
      #expect(HalfPrecisionBits.narrow(f16: middle) == bits + bits & 1)
      #expect(HalfPrecisionBits.narrow(f16: middle.nextUp) == bits + 1)
      #expect(HalfPrecisionBits.narrow(f16: -middle.nextUp) == (bits + 1) | 0x8000)
    }
    for bits in stride(from: UInt16(0), to: 0x7F7F, by: 7) {
      let middle = Float(bitPattern: UInt32(bits) << 16 | 0x8000)
      #expect(HalfPrecisionBits.narrow(bf16: middle.nextDown) == bits)
      #expect(HalfPrecisionBits.narrow(bf16: middle) == bits + bits & 1)
      #expect(HalfPrecisionBits.narrow(bf16: middle.nextUp) == bits + 1)
    }
    #expect(HalfPrecisionBits.narrow(f16: 65519.996) == 0x7BFF)
    #expect(HalfPrecisionBits.narrow(f16: 65520) == 0x7C00)
    #expect(HalfPrecisionBits.narrow(bf16: .greatestFiniteMagnitude) == 0x7F80)
  }
}
