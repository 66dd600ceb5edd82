import Foundation
import Testing

@testable import SAETensor

@Suite struct RandomGeneratorTests {
  /// The published sequence of xoshiro256** from the state 1, 2, 3, 4.
  @Test func referenceSequence() throws {
    var generator = try #require(RandomGenerator(state: [1, 2, 3, 4]))
    let expected: [UInt64] = [
      11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360,
      607_988_272_756_665_600, 16_172_922_978_634_559_625, 8_476_171_486_693_032_832,
      10_595_114_339_597_558_777, 2_904_607_092_377_533_576,
    ]
    #expect(expected.map { _ in generator.next() } == expected)
  }

  /// The published sequence of SplitMix64 from 1234567 is the state.
  @Test func seeding() {
    #expect(
      RandomGenerator(seed: 1_234_567).state == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
      ])
  }

  @Test func goesOnFromASavedState() throws {
    var generator = RandomGenerator(seed: 7)
    for _ in 0..<13 { _ = generator.gaussian() }
    var restored = try #require(RandomGenerator(state: generator.state))
    #expect(restored == generator)
    for _ in 0..<20 { #expect(restored.next() == generator.next()) }
    #expect(RandomGenerator(state: [0, 0, 0, 0]) == nil)
    #expect(RandomGenerator(state: [1, 2, 3]) == nil)
  }

  /// The step is linear over bits; 128 squarings of its matrix make 2¹²⁸ steps.
  @Test func jumpIsTwoToThe128Steps() throws {
    func apply(_ images: [SIMD4<UInt64>], _ state: SIMD4<UInt64>) -> SIMD4<UInt64> {
      var sum = SIMD4<UInt64>()
      for word in 0..<4 {
        var bits = state[word]
        while bits != 0 {
          sum ^= images[word * 64 + bits.trailingZeroBitCount]
          bits &= bits - 1
        }
      }
      return sum
    }
    var images: [SIMD4<UInt64>] = []
    for bit in 0..<256 {
      var state: [UInt64] = [0, 0, 0, 0]
      state[bit / 64] = 1 << UInt64(bit % 64)
      var generator = try #require(RandomGenerator(state: state))
      _ = generator.next()
      images.append(SIMD4(generator.state))
    }
    for _ in 0..<128 { images = images.map { apply(images, $0) } }
    var generator = RandomGenerator(seed: 99)
    let expected = apply(images, SIMD4(generator.state))
    generator.jump()
    #expect(SIMD4(generator.state) == expected)
  }

  @Test func splitGivesWhatWouldHaveComeAndJumps() {
    let start = RandomGenerator(seed: 5)
    var parent = start
    let child = parent.split()
    var jumped = start
    jumped.jump()
    #expect(child == start && parent == jumped && child != parent)
  }

  @Test func logarithmAgreesWithTheLibrary() {
    var generator = RandomGenerator(seed: 1)
    var worst = 0.0
    for _ in 0..<5000 {
      let x = generator.uniform() * 0x1p-53 + generator.uniform()
      let expected = log(x)
      worst = max(worst, abs(RandomGenerator.logarithm(x) - expected) / max(1, abs(expected)))
    }
    // Four roundings of numbers up to 1 + |log x|, and the library's own.
    #expect(worst < 4 * Double.ulpOfOne)
    for x in [1, 2, 0.5, 0x1p-53, 0.75, 1.4142135623730951, 1.4142135623730954] {
      #expect(abs(RandomGenerator.logarithm(x) - log(x)) < 4e-15)
    }
  }

  @Test func uniformNumbersStayInTheirRange() {
    var generator = RandomGenerator(seed: 2)
    var sum = 0.0
    for _ in 0..<4000 {
      let x = generator.uniform(in: -0.25..<0.75)
      #expect(x >= -0.25 && x < 0.75)
      sum += Double(x)
    }
    // Standard deviation of the mean: 1 / √(12 · 4000) = 0.0046.
    #expect(abs(sum / 4000 - 0.25) < 0.02)
    let narrow = Float(1)..<Float(1).nextUp
    for _ in 0..<100 { #expect(generator.uniform(in: narrow) == 1) }
  }

  /// The largest distance between the numbers' distribution and the normal one, and the correlation
  /// of the two of a pair.
  @Test func gaussianNumbersAreNormal() {
    var generator = RandomGenerator(seed: 3)
    var values: [Double] = []
    var correlation = 0.0
    for _ in 0..<5000 {
      let (a, b) = generator.gaussianPair()
      values += [a, b]
      correlation += a * b
    }
    values.sort()
    let distance = values.enumerated().map { index, value in
      abs(0.5 * erfc(-value / 2.0.squareRoot()) - (Double(index) + 0.5) / 10_000)
    }.max()
    // Kolmogorov: beyond 1.95 / √n with probability 0.001.
    #expect((distance ?? 1) < 0.0195)
    // Standard deviation 1 / √5000 = 0.014.
    #expect(abs(correlation / 5000) < 0.05)
  }

  /// Drawn once and kept: a change of method would change every training run that has a seed.
  @Test func drawnNumbersStayTheSame() {
    var generator = RandomGenerator(seed: 42)
    #expect(generator.uniform().bitPattern == 0x3FB5_780B_2E0C_2EC0)
    // Python's logarithm gives the next number to this one, -1.0195252891247546.
    #expect(generator.gaussian().bitPattern == 0xBFF0_4FF9_BFE3_C5B1)
    #expect(generator.permutation(of: 10) == [1, 0, 4, 2, 3, 7, 5, 6, 8, 9])
  }

  @Test func indicesAreEquallyFrequent() {
    var generator = RandomGenerator(seed: 4)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<7000 { counts[generator.index(below: 7)] += 1 }
    // Standard deviation √(7000 · 1/7 · 6/7) = 29.
    for count in counts { #expect(abs(count - 1000) < 130) }
    #expect(generator.index(below: 1) == 0)
  }

  @Test func permutationsAreEquallyFrequent() {
    var generator = RandomGenerator(seed: 5)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<6000 { counts[generator.permutation(of: 3), default: 0] += 1 }
    #expect(counts.count == 6)
    for (order, count) in counts { #expect(abs(count - 1000) < 130, "\(order)") }
    #expect(generator.permutation(of: 0) == [])
    #expect(generator.permutation(of: 100).sorted() == Array(0..<100))
  }
}
