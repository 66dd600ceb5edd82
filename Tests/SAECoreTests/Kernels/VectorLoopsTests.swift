import Foundation
import SAEKernels
import Testing

@testable import SAECore

/// Every loop of every set of kernels, at lengths around the vectors' own, against double.
@Suite struct VectorLoopsTests {
  static let lengths = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 130, 1000]

  static func values(_ count: Int, seed: UInt64) -> [Float] {
    var generator = RandomGenerator(seed: seed)
    return (0..<count).map { _ in Float(generator.gaussian()) }
  }

  /// Calls a loop that writes `count` floats, between guards that must stay as they are.
  static func run(
    _ count: Int, from start: [Float]? = nil, _ body: (UnsafeMutablePointer<Float>) -> Void
  ) -> [Float] {
    var buffer = [Float](repeating: -777, count: count + 2)
    if let start { for i in 0..<count { buffer[i + 1] = start[i] } }
    unsafe buffer.withUnsafeMutableBufferPointer { pointer in
      guard let base = pointer.baseAddress else { return }
      unsafe body(base + 1)
    }
    #expect(buffer[0] == -777 && buffer[count + 1] == -777)
    return Array(buffer[1..<(count + 1)])
  }

  @Test(arguments: PanelProductTests.kernelNames) func linearLoops(_ name: String) throws {
    let table = try PanelProductTests.table(name)
    for count in Self.lengths {
      let x = Self.values(count + 1, seed: UInt64(count))
      let y = Self.values(count + 1, seed: UInt64(count) + 99)
      let axpy = Self.run(count, from: y) { unsafe table.axpy(count, 1.5, x, $0) }
      let scaled = Self.run(count, from: y) { unsafe table.scale(count, -2, $0) }
      let difference = Self.run(count) { unsafe table.subtract(count, x, y, $0) }
      let product = Self.run(count) { unsafe table.multiply(count, x, y, $0) }
      for i in 0..<count {
        let exact = Double(y[i]) + 1.5 * Double(x[i])
        #expect(
          abs(Double(axpy[i]) - exact) <= 2 * 0x1p-24 * (abs(exact) + 1.5 * Double(abs(x[i]))))
        #expect(scaled[i] == -2 * y[i])
        #expect(difference[i] == x[i] - y[i])
        #expect(product[i] == x[i] * y[i])
      }
    }
  }

  @Test(arguments: PanelProductTests.kernelNames) func reductions(_ name: String) throws {
    let table = try PanelProductTests.table(name)
    for count in Self.lengths {
      let x = Self.values(count + 1, seed: UInt64(count) + 5)
      let y = Self.values(count + 1, seed: UInt64(count) + 6)
      var dot = 0.0
      var dotMagnitude = 0.0
      var sum = 0.0
      var sumMagnitude = 0.0
      for i in 0..<count {
        dot += Double(x[i]) * Double(y[i])
        dotMagnitude += abs(Double(x[i]) * Double(y[i]))
        sum += Double(x[i])
        sumMagnitude += abs(Double(x[i]))
      }
      let unit = Double(count + 1) * 0x1p-24
      unsafe #expect(abs(Double(table.dot(count, x, y)) - dot) <= unit * dotMagnitude)
      unsafe #expect(abs(Double(table.sum(count, x)) - sum) <= unit * sumMagnitude)
      unsafe #expect(table.sumOfSquares(count, x) == table.dot(count, x, x))
      unsafe #expect(table.maximum(count, x) == (x.prefix(count).max() ?? -.infinity))
      unsafe #expect(table.allFinite(count, x))
      if count > 0 {
        for bad in [Float.nan, .infinity, -.infinity] {
          var broken = x
          broken[count / 2] = bad
          unsafe #expect(!table.allFinite(count, broken))
        }
        var holes = x
        holes[count / 2] = .nan
        let rest = holes.prefix(count).filter { !$0.isNaN }
        unsafe #expect(table.maximum(count, holes) == (rest.max() ?? -.infinity))
      }
    }
  }

  @Test(arguments: PanelProductTests.kernelNames) func elementwiseFunctions(_ name: String) throws {
    let table = try PanelProductTests.table(name)
    var x: [Float] = [0, -0.0, 1e-8, -1e-8, 0.1, -0.2236, 0.2237, 10, -10, 40, -40, 88, -87, 0.5]
    var generator = RandomGenerator(seed: 1)
    for _ in 0..<1000 { x.append(Float(generator.gaussian() * 8)) }
    let count = x.count
    func close(_ got: Float, _ want: Double, _ relative: Double, _ what: String) {
      #expect(abs(Double(got) - want) <= relative * abs(want) + 1e-37, "\(name) \(what)")
    }
    let exp = Self.run(count) { unsafe table.exp(count, x, $0) }
    let tanh = Self.run(count) { unsafe table.tanh(count, x, $0) }
    let sigmoid = Self.run(count) { unsafe table.sigmoid(count, x, $0) }
    let gelu = Self.run(count) { unsafe table.gelu(count, x, $0) }
    let relu = Self.run(count) { unsafe table.relu(count, x, $0) }
    for i in 0..<count {
      let v = Double(x[i])
      close(exp[i], Foundation.exp(v), 4e-7, "exp \(v)")
      close(tanh[i], Foundation.tanh(v), 1e-6, "tanh \(v)")
      close(sigmoid[i], 1 / (1 + Foundation.exp(-v)), 1e-6, "sigmoid \(v)")
      let inner = (2 / Double.pi).squareRoot() * (v + 0.044715 * v * v * v)
      let exact = 0.5 * v * (1 + Foundation.tanh(inner))
      // Where tanh nears −1 the sum cancels: what is left is absolute, a rounding of 1.
      #expect(abs(Double(gelu[i]) - exact) <= 1e-6 * abs(exact) + 1.2e-7 * abs(v))
      #expect(relu[i] == max(x[i], 0))
    }
    let special: [Float] = [.nan, .infinity, -.infinity, 200, -200]
    let extremes = Self.run(5) { unsafe table.exp(5, special, $0) }
    #expect(extremes[0].isNaN && extremes[1] == .infinity && extremes[2] == 0)
    #expect(extremes[3] == .infinity && extremes[4] == 0)
    let limits = Self.run(5) { unsafe table.tanh(5, special, $0) }
    #expect(limits[0].isNaN && limits[1] == 1 && limits[2] == -1)
    let kept = Self.run(5) { unsafe table.relu(5, special, $0) }
    #expect(kept[0].isNaN)
  }

  @Test(arguments: PanelProductTests.kernelNames) func adamStep(_ name: String) throws {
    let table = try PanelProductTests.table(name)
    let factors = AdamFactors(
      gradientScale: 0.5, beta1: 0.9, beta2: 0.999, stepSize: 0.01, inverseRootCorrection: 1.25,
      epsilon: 1e-8)
    for count in Self.lengths where count > 0 {
      let g = Self.values(count, seed: 1)
      var w = Self.values(count, seed: 2)
      var m = Self.values(count, seed: 3)
      var v = Self.values(count, seed: 4).map { $0 * $0 }
      let (w0, m0, v0) = (w, m, v)
      unsafe table.adam(count, factors, g, &w, &m, &v)
      for i in 0..<count {
        let gradient = 0.5 * Double(g[i])
        let first = Double(Float(0.9)) * Double(m0[i]) + Double(1 - Float(0.9)) * gradient
        let second =
          Double(Float(0.999)) * Double(v0[i]) + Double(1 - Float(0.999)) * gradient * gradient
        let next = Double(w0[i]) - first * 0.01 / (second.squareRoot() * 1.25 + 1e-8)
        #expect(abs(Double(m[i]) - first) <= 3e-7 * (abs(first) + abs(gradient)))
        #expect(abs(Double(v[i]) - second) <= 3e-7 * second)
        #expect(abs(Double(w[i]) - next) <= 1e-6 * (abs(Double(w0[i])) + abs(next - Double(w0[i]))))
      }
    }
  }
}
