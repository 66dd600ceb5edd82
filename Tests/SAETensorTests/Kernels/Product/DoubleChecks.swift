import SAEKernels
import Testing

@testable import SAETensor

/// Sums in double: rounded in a fixed order, so that every instruction set gives the same bits.
enum DoubleChecks {
  static func accumulate(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let x = KernelSamples.gaussian(count + 1, seed: 1)
      let start = KernelSamples.gaussian(count + 1, seed: 2).map { Double($0) * 1e6 }
      let found = KernelSamples.written(count, from: start, table) {
        table.accumulate(count, x, $0)
      }
      #expect(found == (0..<count).map { start[$0] + Double(x[$0]) }, "\(table.name)")
    }
  }

  /// Products of floats are exact in double, so that fused or not there is one rounding a token.
  static func productSums(_ table: KernelTable) {
    for rows in [0, 1, 3, 4, 5, 8, 11] {
      for columns in [1, 2, 7, 8, 9, 16, 17, 33] {
        let stride = columns + 2
        let x = KernelSamples.gaussian(max(1, rows * stride), seed: UInt64(rows * 100 + columns))
        let start = (0..<columns).map { Double($0) }
        var expected = start
        for row in 0..<rows {
          for column in 0..<columns {
            expected[column] += Double(x[row * stride]) * Double(x[row * stride + column])
          }
        }
        let found = KernelSamples.written(columns, from: start, table) {
          table.productSums(rows, x, stride, columns, $0)
        }
        #expect(found == expected, "\(table.name): \(rows) × \(columns)")
      }
    }
  }

  static func addErrorMoments(_ table: KernelTable) {
    for width in [1, 7, 8, 9, 20, 33] {
      let stride = width + 3
      let x = KernelSamples.gaussian(6 * stride, seed: UInt64(width))
      let y = KernelSamples.gaussian(6 * stride, seed: UInt64(width) + 50)
      let tokens: [UInt32] = [4, 0, 5, 5]
      let start = KernelSamples.gaussian(7 * (width + 1), seed: 9).map { Double($0) }
      var expected = start
      for token in tokens {
        for j in 0..<width {
          let value = Double(x[Int(token) * stride + j])
          let residual = value - Double(y[Int(token) * stride + j])
          let terms = [
            value - start[j], (value - start[j]) * (value - start[j]),
            residual - start[width + 1 + j],
            (residual - start[width + 1 + j]) * (residual - start[width + 1 + j]),
            residual * residual,
          ]
          for (row, term) in terms.enumerated() { expected[(row + 2) * (width + 1) + j] += term }
        }
      }
      let found = KernelSamples.written(start.count, from: start, table) {
        table.addErrorMoments(tokens.count, tokens, x, y, stride, width, $0, width + 1)
      }
      #expect(found == expected, "\(table.name): width \(width)")
    }
  }

  /// Eight partial sums, added in halves.
  static func rowProducts(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let x = KernelSamples.gaussian(count + 1, seed: 3, spread: 30)
      let y = KernelSamples.gaussian(count + 1, seed: 4)
      let found = KernelSamples.written(4, table) { table.rowProducts(count, x, y, $0) }
      func sum(_ term: (Double, Double) -> Double) -> Double {
        func at(_ index: Int) -> Double { term(Double(x[index]), Double(y[index])) }
        let whole = count - count % 8
        var lanes = [Double](repeating: 0, count: 8)
        for index in 0..<whole { lanes[index % 8] += at(index) }
        for half in [4, 2, 1] { for lane in 0..<half { lanes[lane] += lanes[lane + half] } }
        return (whole..<count).reduce(lanes[0]) { $0 + at($1) }
      }
      #expect(
        found == [
          sum { x, _ in x * x }, sum { _, y in y * y }, sum(*),
          sum { x, y in (x - y) * (x - y) },
        ], "\(table.name): \(count)")
    }
  }

  static func packDoubles(_ table: KernelTable) {
    let panel = DoublePanel.columns
    let source = KernelSamples.gaussian(40 * 40, seed: 5).map { Double($0) }
    for count in [1, 7, panel] {
      for depth in [1, 2, 9] {
        for (across, step) in [(1, 40), (40, 1), (3, 41)] {
          let found = KernelSamples.written(depth * panel, table) {
            table.packDoubles(count, depth, source, across, step, -0.5, $0)
          }
          let expected = (0..<depth * panel).map { place -> Double in
            let (p, i) = (place / panel, place % panel)
            return i < count ? -0.5 * source[i * across + p * step] : 0
          }
          #expect(found == expected, "\(table.name): \(count) × \(depth)")
        }
      }
    }
  }

  /// Every element is summed in the order of the depth, product and sum rounded one by one.
  static func multiplyDoubles(_ table: KernelTable) {
    let panel = DoublePanel.columns
    for (m, n, depth) in [(1, 1, 1), (8, 16, 5), (16, 16, 11), (13, 16, 4), (16, 9, 3), (5, 3, 0)] {
      let a = KernelSamples.gaussian(max(1, depth * panel), seed: 6).map { Double($0) / 3 }
      let b = KernelSamples.gaussian(max(1, depth * panel), seed: 7).map { Double($0) / 7 }
      let stride = n + 2
      let start = KernelSamples.gaussian(m * stride, seed: 8).map { Double($0) }
      var expected = start
      for i in 0..<m {
        for j in 0..<n {
          for p in 0..<depth { expected[i * stride + j] += a[p * panel + i] * b[p * panel + j] }
        }
      }
      let found = KernelSamples.written(m * stride, from: start, table) {
        table.multiplyDoubles(m, n, depth, a, b, $0, stride)
      }
      #expect(found == expected, "\(table.name): \(m) × \(n) × \(depth)")
    }
  }
}
