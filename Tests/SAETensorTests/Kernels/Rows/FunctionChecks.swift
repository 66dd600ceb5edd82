import Foundation
import SAEKernels
import Testing

@testable import SAETensor

/// Functions of one number. Their errors, counted in u:
///
/// - eˣ: the argument is brought to |f| ≤ ½ ln 2 with 0.4 u, the polynomial of degree 7 leaves out less
///   than 0.1 u, its last two steps round by u and ½ u of e^f ≥ 0.7, products and sums by themselves
///   where they are not fused: 4 u of the result.
/// - tanh x by 1 − q with q = 2/(e²ˣ + 1): q is off by 4 u for e²ˣ and 2 u for sum and quotient,
///   (4 e²ˣ/(e²ˣ + 1) + 2) q u ≤ 4.5 u, and the difference is rounded: 5.5 u. The quotient is taken
///   where |tanh x| ≥ 0.2198, so this is 25 u of the result. Nearer to 0 the polynomial errs by 3 u.
/// - 1/(1 + e⁻ˣ): 4 u for the power, one each for sum and quotient: 6 u of the result.
/// - GELU, ½ x (1 + tanh y): y is off by 7 u of itself, which tanh, of slope y sech² y ≤ 0.45, makes
///   3.2 u; with tanh's own 5.5 u, halved, 4.4 u of |x|; sum and products 4 u of the result.
enum FunctionChecks {
  static let (exponentialError, tangentError) = (4 * roundoff, 25 * roundoff)
  /// An absolute error where the result is too small for float32's full precision.
  static let least = Double(Float.leastNonzeroMagnitude)

  /// Where the functions change their course, and what is random around 0.
  static let arguments: [Float] =
    [
      0, -0.0, 1e-8, -1e-8, 1e-38, 0.1, -0.2236, 0.2236, 0.2237, -0.2237, 0.3465, 0.3466, 9.99, 10,
      -10,
      40, -40, 88, -87, -95, 0.5, -0.5,
    ] + KernelSamples.gaussian(1000, seed: 1, spread: 8)

  static func expect(
    _ table: KernelTable, _ body: (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
    _ exact: (Double) -> Double, within bound: (_ x: Double, _ exact: Double) -> Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let x = arguments
    let expected = x.map { exact(Double($0)) }
    let found = KernelSamples.written(x.count, table) { body(x.count, x, $0) }
    KernelSamples.expect(
      found, expected, within: { bound(Double(x[$0]), expected[$0]) }, table,
      sourceLocation: sourceLocation)
    // In place, at every length: a value does not depend on where it stands.
    for count in KernelSamples.lengths {
      let again = KernelSamples.written(count, from: x, table) { body(count, $0, $0) }
      KernelSamples.expect(
        again, equals: Array(found.prefix(count)), table, sourceLocation: sourceLocation)
    }
  }

  private static func values(
    _ table: KernelTable, _ x: [Float],
    _ body: (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) -> [Float] {
    KernelSamples.written(x.count, table) { body(x.count, x, $0) }
  }

  static func relu(_ table: KernelTable) {
    expect(table, table.relu, { max($0, 0) }, within: { _, _ in 0 })
    KernelSamples.expect(
      values(table, [.nan, .infinity, -.infinity], table.relu), equals: [.nan, .infinity, 0], table)
  }

  static func jumpReLU(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      var x = KernelSamples.gaussian(count, seed: 2)
      let thresholds = KernelSamples.gaussian(count, seed: 3)
      for place in stride(from: 0, to: count, by: 3) { x[place] = thresholds[place] }
      if count > 1 { x[1] = .nan }
      let found = KernelSamples.written(count, table) { table.jumpReLU(count, x, thresholds, $0) }
      #expect(found == (0..<count).map { x[$0] > thresholds[$0] ? x[$0] : 0 }, "\(table.name)")
    }
  }

  static func exp(_ table: KernelTable) {
    expect(table, table.exp, { Foundation.exp($0) }, within: { exponentialError * $1 + least })
    KernelSamples.expect(
      values(table, [.nan, .infinity, 200, -.infinity, -200], table.exp),
      equals: [.nan, .infinity, .infinity, 0, 0], table)
  }

  static func tanh(_ table: KernelTable) {
    expect(
      table, table.tanh, { Foundation.tanh($0) },
      within: { x, exact in
        abs(exact) < 0.2198
          ? 3 * roundoff * abs(exact) : min(5.5 * roundoff, tangentError * abs(exact))
      })
    KernelSamples.expect(
      values(table, [.nan, .infinity, -.infinity, 200, -200], table.tanh),
      equals: [.nan, 1, -1, 1, -1], table)
  }

  static func sigmoid(_ table: KernelTable) {
    // Where e⁻ˣ is more than a float can be, what would be subnormal is 0.
    expect(
      table, table.sigmoid, { 1 / (1 + Foundation.exp(-$0)) },
      within: { 6 * roundoff * $1 + Double(Float.leastNormalMagnitude) })
    KernelSamples.expect(
      values(table, [.nan, .infinity, -.infinity, 200, -200], table.sigmoid),
      equals: [.nan, 1, 0, 1, 0], table)
  }

  static func gelu(_ table: KernelTable) {
    expect(table, table.gelu, exactGELU, within: geluError)
  }

  /// The quotient's error beside that of the exponential, which counts where it is not small beside 1.
  static func silu(_ table: KernelTable) {
    expect(
      table, table.silu, { $0 / (1 + Foundation.exp(-$0)) },
      within: { (_, exact) in
        // The exponential overflows where the quotient becomes subnormal.
        (exponentialError + 4 * roundoff) * abs(exact) + Double(Float.leastNormalMagnitude)
      })
  }

  /// The tail is a polynomial's, good to 2.1e-7, times an exponential whose argument, of up to z², is
  /// rounded at each step; 1 less it rounds once more.
  static func normalGELU(_ table: KernelTable) {
    expect(
      table, table.exactGELU, { $0 * 0.5 * erfc(-$0 / 2.0.squareRoot()) },
      within: { (x, exact) in
        let tail = 0.5 * erfc(abs(x) / 2.0.squareRoot())
        let relative = 2.1e-7 + exponentialError + roundoff * (20 + 2 * x * x)
        return abs(x) * (tail * relative + 4 * least) + 3 * roundoff * abs(exact) + least
      })
  }

  static func exactGELU(_ x: Double) -> Double {
    0.5 * x * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  static func geluError(_ x: Double, _ exact: Double) -> Double {
    roundoff * (4.4 * abs(x) + 4 * abs(exact)) + least
  }
}
