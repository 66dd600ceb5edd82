import Foundation
import SAEKernels
import Testing

@testable import SAETensor

enum TransformerChecks {
  static let lengths = [1, 2, 7, 15, 16, 17, 33, 64, 100]

  /// The sum of n squares is off by (n + 1) u of itself; mean and ε add two roundings, and the root
  /// halves all of that. Root, quotient and two products add four; where it is added, one more.
  static func rmsNorm(_ table: KernelTable) {
    for n in lengths {
      let x = KernelSamples.gaussian(n, seed: 1)
      let weight = KernelSamples.gaussian(n, seed: 2)
      let before = KernelSamples.gaussian(n, seed: 3)
      let mean = x.reduce(0) { $0 + Double($1) * Double($1) } / Double(n)
      let root = (mean + Double(Float(0.01))).squareRoot()
      let exact = zip(x, weight).map { Double($0) / root * Double($1) }
      let error = (Double(n + 3) / 2 + 4) * roundoff * 1.001
      let written = KernelSamples.written(n, from: before, table) {
        table.rmsNorm(n, 0.01, x, weight, $0, false)
      }
      KernelSamples.expect(written, exact, within: { error * abs(exact[$0]) }, table)
      let added = KernelSamples.written(n, from: before, table) {
        table.rmsNorm(n, 0.01, x, weight, $0, true)
      }
      let sums = zip(before, exact).map { Double($0) + $1 }
      KernelSamples.expect(
        added, sums, within: { error * abs(exact[$0]) + roundoff * abs(sums[$0]) }, table)
    }
  }

  /// The mean is off by n u of the mean magnitude, which every difference takes on and rounds; their mean
  /// square, root, quotient and products are as for the root mean square.
  static func layerNorm(_ table: KernelTable) {
    for n in lengths {
      let x = KernelSamples.gaussian(n, seed: 1).map { $0 + 3 }
      let (weight, bias) = (
        KernelSamples.gaussian(n, seed: 2), KernelSamples.gaussian(n, seed: 3)
      )
      let mean = x.reduce(0) { $0 + Double($1) } / Double(n)
      let variance = x.reduce(0) { $0 + pow(Double($1) - mean, 2) } / Double(n)
      let root = (variance + Double(Float(0.01))).squareRoot()
      let magnitude = x.reduce(0) { $0 + abs(Double($1)) } / Double(n)
      let off = roundoff * (Double(n) + 2) * magnitude
      let exact = x.indices.map { (Double(x[$0]) - mean) / root * Double(weight[$0]) }
      let sums = zip(exact, bias).map { $0 + Double($1) }
      let error = Double(n + 3) / 2 + 6
      let found = KernelSamples.written(n, table) {
        table.layerNorm(n, 0.01, x, weight, bias, $0)
      }
      KernelSamples.expect(
        found, sums,
        within: { place in
          // The differences' own error, that of the root they are divided by, and rounding.
          let shift = off / root * abs(Double(weight[place])) + off / root * abs(exact[place])
          return 1.01 * (shift + roundoff * (error * abs(exact[place]) + abs(sums[place])))
        }, table)
    }
  }

  /// Two products and their sum, each rounded.
  static func rotate(_ table: KernelTable) {
    for half in [1, 5, 16, 40] {
      let heads = 3
      let angles = KernelSamples.gaussian(half, seed: 4).map { Double($0) }
      let (cosines, sines) = (angles.map { Float(cos($0)) }, angles.map { Float(sin($0)) })
      let before = KernelSamples.gaussian(heads * 2 * half, seed: 5)
      let found = KernelSamples.written(before.count, from: before, table) {
        table.rotate(heads, half, cosines, sines, $0)
      }
      let terms = before.indices.map { place -> (Double, Double) in
        let (head, i) = (place / (2 * half), place % (2 * half))
        let (c, s) = (Double(cosines[i % half]), Double(sines[i % half]))
        let a = Double(before[head * 2 * half + i % half])
        let b = Double(before[head * 2 * half + half + i % half])
        return i < half ? (a * c, -b * s) : (b * c, a * s)
      }
      KernelSamples.expect(
        found, terms.map { $0.0 + $0.1 },
        within: {
          let (a, b) = terms[$0]
          return roundoff * (abs(a) + abs(b) + 1.001 * abs(a + b))
        }, table)
    }
  }

  /// The argument is off by 2 u of itself, which tanh, of slope y sech² y ≤ tanh y, does not make more;
  /// its own error and the product with the cap come on top.
  static func softCap(_ table: KernelTable) {
    for n in lengths {
      let before = KernelSamples.gaussian(n, seed: 6, spread: 100)
      let capped = KernelSamples.written(n, from: before, table) {
        table.softCap(n, 0.25, 30, $0)
      }
      let exact = before.map { 30 * tanh(Double($0) * 0.25 / 30) }
      KernelSamples.expect(
        capped, exact,
        within: { (FunctionChecks.tangentError + 3.001 * roundoff) * abs(exact[$0]) }, table)
      let scaled = KernelSamples.written(n, from: before, table) { table.softCap(n, 0.3, 0, $0) }
      KernelSamples.expect(scaled, equals: before.map { $0 * 0.3 }, table)
    }
  }

  /// A rounded difference d moves e^d by u |d| of itself.
  static func shiftedExponentials(_ table: KernelTable) {
    for n in lengths {
      let x = KernelSamples.gaussian(n, seed: 7, spread: 10)
      let exact = x.map { exp(Double($0) - 19) }
      let error = x.indices.map { place in
        (FunctionChecks.exponentialError + roundoff * abs(Double(x[place]) - 19)) * exact[place]
          * 1.001
      }
      var sum: Float = 0
      let found = KernelSamples.written(n, table) {
        sum = table.shiftedExponentials(n, 19, x, $0)
      }
      KernelSamples.expect(found, exact, within: { error[$0] }, table)
      let total = exact.reduce(0, +)
      KernelSamples.expect(
        [sum], [total],
        within: { _ in error.reduce(0, +) + Double(n) * roundoff * total * 1.001 }, table)
      var same: Float = 0
      let again = KernelSamples.written(n, from: x, table) {
        same = table.shiftedExponentials(n, 19, $0, $0)
      }
      #expect(again == found && same == sum, "\(table.name): \(n) in place")
    }
  }
}
