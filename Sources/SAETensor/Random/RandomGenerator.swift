/// A source of random numbers with a seed: the same numbers on every machine, and with every version
/// of the standard library.
///
/// The generator is xoshiro256**, its state filled from the seed by SplitMix64. Everything drawn
/// from it is made with operations that IEEE 754 fixes to the last bit.
///
/// Source: Blackman and Vigna 2021, arXiv 1805.01407, sections 3 and 10.2; Steele et al. 2014 for
/// SplitMix64.
public struct RandomGenerator: RandomNumberGenerator, Sendable, Equatable {
  private var words: SIMD4<UInt64>

  /// A generator that begins where the seed says.
  public init(seed: UInt64) {
    var state = seed
    words = SIMD4()
    for index in 0..<4 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      words[index] = mixed ^ (mixed >> 31)
    }
  }

  /// A generator that goes on from a saved ``state``; nil unless there are four words, not all 0.
  public init?(state: [UInt64]) {
    guard state.count == 4, state.contains(where: { $0 != 0 }) else { return nil }
    words = SIMD4(state)
  }

  /// Four words from which the generator can go on.
  public var state: [UInt64] { [words[0], words[1], words[2], words[3]] }

  public mutating func next() -> UInt64 {
    let scrambled = words[1] &* 5
    let result = ((scrambled << 7) | (scrambled >> 57)) &* 9
    let shifted = words[1] << 17
    words[2] ^= words[0]
    words[3] ^= words[1]
    words[1] ^= words[2]
    words[0] ^= words[3]
    words[2] ^= shifted
    words[3] = (words[3] << 45) | (words[3] >> 19)
    return result
  }

  /// Goes on as after 2¹²⁸ calls of ``next()``.
  public mutating func jump() {
    // x to the power 2¹²⁸, modulo the characteristic polynomial of the step.
    let polynomial: [UInt64] = [
      0x180E_C6D3_3CFD_0ABA, 0xD5A6_1266_F0C9_392C, 0xA958_2618_E03F_C9AA, 0x39AB_DC45_29B1_661C,
    ]
    var sum = SIMD4<UInt64>()
    for word in polynomial {
      for bit in 0..<64 {
        if (word >> UInt64(bit)) & 1 == 1 { sum ^= words }
        _ = next()
      }
    }
    words = sum
  }

  /// Returns a generator of 2¹²⁸ numbers that this one will not give: it returns itself and jumps.
  ///
  /// Work that is shared among threads takes one for each piece, before the pieces are started.
  public mutating func split() -> RandomGenerator {
    let stream = self
    jump()
    return stream
  }
}
