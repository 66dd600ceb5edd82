import SAEKernels
import Testing

@testable import SAETensor

/// The unit roundoff u of float32: a rounded result is off by at most u times itself.
let roundoff = 0x1p-24

/// Numbers to give to a kernel, and ways to hold what it gives against what is exact.
enum KernelSamples {
  /// Lengths around those of all vectors and of several of them.
  static let lengths = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 130, 1000]

  static func gaussian(_ count: Int, seed: UInt64, spread: Double = 1) -> [Float] {
    var generator = RandomGenerator(seed: seed)
    return (0..<count).map { _ in Float(generator.gaussian() * spread) }
  }

  /// Whole numbers from −4 to 4, whose products and sums are exact.
  static func whole(_ count: Int, seed: UInt64) -> [Float] {
    var generator = RandomGenerator(seed: seed)
    return (0..<count).map { _ in Float(generator.index(below: 9)) - 4 }
  }

  /// Calls a kernel that writes `count` numbers, between guards that have to stay as they are.
  static func written<Number: SignedNumeric & Comparable & ExpressibleByIntegerLiteral>(
    _ count: Int, from start: [Number]? = nil, _ table: KernelTable,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (UnsafeMutablePointer<Number>) -> Void
  ) -> [Number] {
    var buffer = [Number](repeating: -777, count: count + 2)
    if let start { buffer.replaceSubrange(1..<count + 1, with: start.prefix(count)) }
    buffer.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { body(base + 1) }
    }
    #expect(
      buffer[0] == -777 && buffer[count + 1] == -777, "\(table.name) wrote outside",
      sourceLocation: sourceLocation)
    return Array(buffer[1..<count + 1])
  }

  /// Every number is within its bound of the exact one.
  static func expect(
    _ found: [Float], _ exact: [Double], within bound: (Int) -> Double, _ table: KernelTable,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == exact.count, sourceLocation: sourceLocation)
    let wrong = found.indices.first { !(abs(Double(found[$0]) - exact[$0]) <= bound($0)) }
    if let wrong {
      Issue.record(
        """
        \(table.name), \(found.count) numbers: expected \(exact[wrong]) ± \(bound(wrong)) at \
        \(wrong), found \(found[wrong])
        """, sourceLocation: sourceLocation)
    }
  }

  /// Every number is the expected one; NaN is NaN.
  static func expect(
    _ found: [Float], equals expected: [Float], _ table: KernelTable,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      found.elementsEqual(expected) { $0 == $1 || $0.isNaN && $1.isNaN }, "\(table.name)",
      sourceLocation: sourceLocation)
  }

  /// Σ of terms in double, and of their magnitudes.
  static func sum(_ terms: some Sequence<Double>) -> (value: Double, magnitude: Double) {
    terms.reduce((0, 0)) { ($0.0 + $1, $0.1 + abs($1)) }
  }
}
