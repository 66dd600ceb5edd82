import SAEKernels
import Testing

@testable import SAETensor

/// Loops over the latents of a token.
enum PanelChecks {
  static func biasedReLU(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let x = KernelSamples.gaussian(count + 1, seed: 1)
      var bias = KernelSamples.gaussian(count + 1, seed: 2)
      if count > 2 { bias[2] = -x[2] }
      let found = KernelSamples.written(count, from: x, table) { table.biasedReLU(count, bias, $0) }
      #expect(found == (0..<count).map { max(x[$0] + bias[$0], 0) }, "\(table.name)")
    }
  }

  static func passPositive(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let z = KernelSamples.whole(count, seed: 3)
      let shift = KernelSamples.gaussian(count + 1, seed: 4)
      let gradient = KernelSamples.gaussian(count + 1, seed: 5)
      let found = KernelSamples.written(count, from: gradient, table) {
        table.passPositive(count, z, shift, $0)
      }
      #expect(
        found == (0..<count).map { z[$0] > 0 ? gradient[$0] + shift[$0] : 0 }, "\(table.name)")
    }
  }

  static func countNonZero(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      var x = KernelSamples.whole(count, seed: 6)
      for place in stride(from: 0, to: count, by: 5) { x[place] = -0.0 }
      for place in stride(from: 1, to: count, by: 7) { x[place] = .leastNonzeroMagnitude }
      let start = (0..<count).map { Int32($0) }
      let found = KernelSamples.written(count, from: start, table) {
        table.countNonZero(count, x, $0)
      }
      #expect(found == (0..<count).map { start[$0] + (x[$0] != 0 ? 1 : 0) }, "\(table.name)")
    }
  }

  /// The gate's sum is rounded once; a magnitude twice, or once where it is fused.
  static func gates(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let p = KernelSamples.gaussian(count + 1, seed: 7)
      let gateBias = KernelSamples.gaussian(count + 1, seed: 8)
      let scale = KernelSamples.gaussian(count + 1, seed: 9)
      let magnitudeBias = KernelSamples.gaussian(count + 1, seed: 10)
      var a = [Float](repeating: 0, count: count + 1)
      let z = KernelSamples.written(count, table) {
        table.gates(count, p, gateBias, scale, magnitudeBias, &a, $0)
      }
      let gates = (0..<count).map { p[$0] + gateBias[$0] }
      #expect(a == gates.map { max($0, 0) } + [0], "\(table.name)")
      let products = (0..<count).map { Double(p[$0]) * Double(scale[$0]) }
      let exact = (0..<count).map { i -> Double in
        gates[i] > 0 ? max(products[i] + Double(magnitudeBias[i]), 0) : 0
      }
      KernelSamples.expect(
        z, exact, within: { roundoff * (abs(products[$0]) + 1.001 * exact[$0]) }, table)
    }
  }

  static func gateGradients(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let a = KernelSamples.whole(count + 1, seed: 11)
      let scale = KernelSamples.gaussian(count + 1, seed: 12)
      let start = (0..<4).map { KernelSamples.gaussian(count + 1, seed: 13 + UInt64($0)) }
      var (m, g, p) = (start[0], start[1], start[3])
      let z = KernelSamples.written(count, from: start[2], table) {
        table.gateGradients(count, a, scale, &m, &g, $0, &p)
      }
      #expect(
        m == (0..<count).map { start[2][$0] > 0 ? start[0][$0] : 0 } + [start[0][count]],
        "\(table.name): m")
      #expect(
        g == (0..<count).map { a[$0] > 0 ? start[1][$0] : 0 } + [start[1][count]],
        "\(table.name): g")
      let scaled = (0..<count).map { Double(m[$0]) * Double(scale[$0]) }
      let sums = (0..<count).map { Double(g[$0]) + scaled[$0] }
      KernelSamples.expect(
        z, sums, within: { roundoff * (abs(scaled[$0]) + 1.001 * abs(sums[$0])) }, table)
      // Two products, each rounded.
      let products = (0..<count).map { scaled[$0] * Double(start[3][$0]) }
      KernelSamples.expect(
        Array(p.prefix(count)), products, within: { 2.001 * roundoff * abs(products[$0]) }, table)
      #expect(p[count] == start[3][count])
    }
  }

  /// Values that equal their threshold are not above it.
  static func markEntries(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let (values, bias, thresholds, above) = rows(count)
      let masks = (count + 31) / 32
      var found = [UInt32](repeating: 5, count: masks + 1)
      let total = table.markEntries(count, values, bias, thresholds, &found)
      #expect(total == above.count && found[masks] == 5, "\(table.name): \(count)")
      let marked = (0..<count).filter { found[$0 / 32] >> UInt32($0 % 32) & 1 == 1 }
      #expect(marked == above, "\(table.name): \(count)")
      #expect(found.prefix(masks).reduce(0) { $0 + $1.nonzeroBitCount } == above.count)
    }
  }

  /// Rows of which some elements are above their thresholds, and which.
  static func rows(_ count: Int) -> (
    values: [Float], bias: [Float], thresholds: [Float], above: [Int]
  ) {
    let values = KernelSamples.whole(count, seed: 20)
    var bias = KernelSamples.whole(count, seed: 21)
    let thresholds = KernelSamples.whole(count, seed: 22)
    if count > 3 { bias[3] = .infinity }
    return (
      values, bias, thresholds, (0..<count).filter { values[$0] + bias[$0] > thresholds[$0] }
    )
  }

  private static func masks(_ count: Int) -> (masks: [UInt32], set: [Int]) {
    let words = KernelSamples.gaussian((count + 31) / 32 + 1, seed: 23).map(\.bitPattern)
    // Bits of mantissas, and one word with all of them.
    var masks = words.map { $0 &* 0x9E37_79B9 }
    if masks.count > 2 { masks[1] = .max }
    if count % 32 > 0 { masks[count / 32] &= (1 << UInt32(count % 32)) - 1 }
    let set = (0..<count).filter { masks[$0 / 32] >> UInt32($0 % 32) & 1 == 1 }
    return (masks, set)
  }

  static func gatherEntries(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let (masks, set) = masks(count)
      let values = KernelSamples.gaussian(count + 1, seed: 24)
      let found = KernelSamples.written(set.count, table) {
        table.gatherEntries(count, masks, values, $0)
      }
      #expect(found == set.map { values[$0] }, "\(table.name): \(count)")
    }
  }

  static func scatterEntries(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let (masks, set) = masks(count)
      let values = KernelSamples.gaussian(set.count + 1, seed: 25)
      let found = KernelSamples.written(count, table) {
        table.scatterEntries(count, masks, values, 9, $0)
      }
      var expected = [Float](repeating: 9, count: count)
      for (value, place) in zip(values, set) { expected[place] = value }
      #expect(found == expected, "\(table.name): \(count)")
    }
  }
}
