import SAEKernels
import Testing

@testable import SAETensor

enum VectorChecks {
  /// The product and the sum are rounded, or only the sum.
  static func axpy(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let x = KernelSamples.gaussian(count + 1, seed: 1)
      let y = KernelSamples.gaussian(count + 1, seed: 2)
      let found = KernelSamples.written(count, from: y, table) { table.axpy(count, 1.3, x, $0) }
      let terms = (0..<count).map { Double(Float(1.3)) * Double(x[$0]) }
      let exact = (0..<count).map { Double(y[$0]) + terms[$0] }
      KernelSamples.expect(
        found, exact, within: { roundoff * (abs(terms[$0]) + 1.001 * abs(exact[$0])) }, table)
    }
  }

  static func scale(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let x = KernelSamples.gaussian(count + 1, seed: 3)
      let found = KernelSamples.written(count, from: x, table) { table.scale(count, -1.7, $0) }
      KernelSamples.expect(found, equals: x.prefix(count).map { -1.7 * $0 }, table)
    }
  }

  static func subtract(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let x = KernelSamples.gaussian(count + 1, seed: 4)
      let y = KernelSamples.gaussian(count + 1, seed: 5)
      let expected = (0..<count).map { x[$0] - y[$0] }
      KernelSamples.expect(
        KernelSamples.written(count, table) { table.subtract(count, x, y, $0) }, equals: expected,
        table)
      KernelSamples.expect(
        KernelSamples.written(count, from: x, table) { table.subtract(count, $0, y, $0) },
        equals: expected, table)
    }
  }

  static func multiply(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let x = KernelSamples.gaussian(count + 1, seed: 6)
      let y = KernelSamples.gaussian(count + 1, seed: 7)
      let expected = (0..<count).map { x[$0] * y[$0] }
      KernelSamples.expect(
        KernelSamples.written(count, table) { table.multiply(count, x, y, $0) }, equals: expected,
        table)
      KernelSamples.expect(
        KernelSamples.written(count, from: y, table) { table.multiply(count, x, $0, $0) },
        equals: expected, table)
    }
  }

  /// A term goes through its product's rounding and those of at most n additions, in any order.
  static func dot(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let x = KernelSamples.gaussian(count + 1, seed: 8)
      let y = KernelSamples.gaussian(count + 1, seed: 9)
      let exact = KernelSamples.sum((0..<count).map { Double(x[$0]) * Double(y[$0]) })
      KernelSamples.expect(
        [table.dot(count, x, y)], [exact.value],
        within: { _ in Double(count + 1) * roundoff * exact.magnitude * 1.001 }, table)
      let (a, b) = (KernelSamples.whole(count, seed: 10), KernelSamples.whole(count, seed: 11))
      #expect(table.dot(count, a, b) == zip(a, b).reduce(0) { $0 + $1.0 * $1.1 })
    }
  }

  static func sum(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let x = KernelSamples.gaussian(count + 1, seed: 12)
      let exact = KernelSamples.sum(x.prefix(count).map { Double($0) })
      KernelSamples.expect(
        [table.sum(count, x)], [exact.value],
        within: { _ in Double(count) * roundoff * exact.magnitude * 1.001 }, table)
      let whole = KernelSamples.whole(count, seed: 13)
      #expect(table.sum(count, whole) == whole.reduce(0, +))
    }
  }

  /// The bits of the product with itself.
  static func sumOfSquares(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let x = KernelSamples.gaussian(count + 1, seed: 14)
      #expect(table.sumOfSquares(count, x) == table.dot(count, x, x))
      let whole = KernelSamples.whole(count, seed: 15)
      #expect(table.sumOfSquares(count, whole) == whole.reduce(0) { $0 + $1 * $1 })
    }
  }

  static func maximum(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      var x = KernelSamples.gaussian(count + 1, seed: 16)
      x[count] = 100
      #expect(table.maximum(count, x) == (x.prefix(count).max() ?? -.infinity))
      for place in 0..<count {
        var peaked = x
        peaked[place] = 50
        #expect(table.maximum(count, peaked) == 50)
        peaked[place] = .nan
        let rest = peaked.prefix(count).filter { !$0.isNaN }
        #expect(table.maximum(count, peaked) == (rest.max() ?? -.infinity))
      }
    }
  }

  static func allFinite(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      var x = KernelSamples.gaussian(count + 1, seed: 17)
      x[count] = .nan
      #expect(table.allFinite(count, x))
      for place in 0..<count {
        for bad in [Float.nan, -.nan, .infinity, -.infinity] {
          var broken = x
          broken[place] = bad
          #expect(!table.allFinite(count, broken))
        }
        x[place] = place % 2 == 0 ? .greatestFiniteMagnitude : -.leastNonzeroMagnitude
      }
      #expect(table.allFinite(count, x))
    }
  }
}
