import SAEKernels
import Testing

@testable import SAETensor

/// Float16 and bfloat16: every pattern that there is, and what lies between them.
enum HalfPrecisionChecks {
  private static let patterns = (0...UInt16.max).map { $0 }

  /// ± m · 2^(max(e, 1) − 25), with a leading bit for e > 0.
  static func half(_ pattern: UInt16) -> Float {
    let (exponent, mantissa) = (Int(pattern >> 10 & 31), Double(pattern & 1023))
    let sign: Double = pattern >> 15 == 1 ? -1 : 1
    if exponent == 31 { return mantissa == 0 ? Float(sign) * .infinity : .nan }
    let scaled = exponent == 0 ? mantissa : mantissa + 1024
    return Float(
      sign * scaled * Double(sign: .plus, exponent: max(exponent, 1) - 25, significand: 1))
  }

  static func brain(_ pattern: UInt16) -> Float { Float(bitPattern: UInt32(pattern) << 16) }

  private static func expectWidened(
    _ table: KernelTable, _ body: (Int, UnsafePointer<UInt16>, UnsafeMutablePointer<Float>) -> Void,
    _ exact: (UInt16) -> Float
  ) {
    let found = KernelSamples.written(patterns.count, table) { body(patterns.count, patterns, $0) }
    KernelSamples.expect(found, equals: patterns.map(exact), table)
    #expect(zip(found, patterns).allSatisfy { $0.sign == .minus || $1 >> 15 == 0 || $0.isNaN })
    for count in KernelSamples.lengths {
      let some = Array(patterns[1000..<1000 + count])
      let written = KernelSamples.written(count, table) { body(count, some, $0) }
      #expect(written == some.map(exact), "\(table.name): \(count)")
    }
  }

  static func widenHalf(_ table: KernelTable) { expectWidened(table, table.widenHalf, half) }

  static func widenBrain(_ table: KernelTable) { expectWidened(table, table.widenBrain, brain) }

  /// Each finite pattern comes back; what lies between two goes to the nearer, halves to the even one.
  private static func expectNarrowed(
    _ table: KernelTable, _ body: (Int, UnsafePointer<Float>, UnsafeMutablePointer<UInt16>) -> Void,
    _ value: (UInt16) -> Float, infinity: UInt16
  ) {
    var (x, expected): ([Float], [UInt16]) = ([], [])
    for sign in [UInt16(0), 0x8000] {
      for pattern in 0..<infinity {
        let below = value(pattern | sign)
        x.append(below)
        expected.append(pattern | sign)
        // Beyond the largest lies infinity, as far as the next number would.
        let next = pattern + 1 < infinity ? value((pattern + 1) | sign) : nil
        let step =
          next.map { Double($0) - Double(below) } ?? Double(below)
          - Double(value(pattern - 1 | sign))
        let middle = Float(Double(below) + step / 2)
        guard middle.isFinite else { continue }
        x += [
          middle, sign == 0 ? middle.nextDown : middle.nextUp,
          sign == 0 ? middle.nextUp : middle.nextDown,
        ]
        expected += [
          (pattern + (pattern & 1)) | sign, pattern | sign, (pattern + 1) | sign,
        ]
      }
    }
    x += [.infinity, -.infinity]
    expected += [infinity, infinity | 0x8000]
    var found = [UInt16](repeating: 7, count: x.count + 1)
    body(x.count, x, &found)
    #expect(found[x.count] == 7)
    let wrong = expected.indices.first { found[$0] != expected[$0] }
    #expect(wrong == nil, "\(table.name): \(wrong.map { "\(x[$0]) became \(found[$0])" } ?? "")")
    body(2, [.nan, -.nan], &found)
    #expect(value(found[0]).isNaN && value(found[1]).isNaN, "\(table.name)")
    for count in KernelSamples.lengths {
      var some = [UInt16](repeating: 7, count: count + 1)
      body(count, Array(x[500..<500 + count + 1]), &some)
      #expect(some == Array(expected[500..<500 + count]) + [7], "\(table.name): \(count)")
    }
  }

  static func narrowHalf(_ table: KernelTable) {
    expectNarrowed(table, table.narrowHalf, half, infinity: 0x7C00)
  }

  static func narrowBrain(_ table: KernelTable) {
    expectNarrowed(table, table.narrowBrain, brain, infinity: 0x7F80)
  }
}
