import Foundation
import SAECore
import SAEKernels
import Testing

/// Every instruction set's loops against the same in double.
struct TransformerLoopsTests {
  static let lengths = [1, 2, 7, 15, 16, 17, 33, 64, 100]

  func numbers(_ count: Int, seed: UInt64, spread: Double = 2) -> [Float] {
    var generator = RandomGenerator(seed: seed)
    return (0..<count).map { _ in
      Float((Double(generator.next() >> 11) * 0x1p-52 - 1) * spread)
    }
  }

  func expectClose(_ found: [Float], _ expected: [Double], _ bound: Double, _ name: String) {
    for (index, (a, b)) in zip(found, expected).enumerated() {
      #expect(abs(Double(a) - b) <= bound * max(1, abs(b)), "\(name) [\(index)]")
    }
  }

  @Test(arguments: Kernels.available.indices, lengths)
  func rmsNorm(table: Int, n: Int) {
    let kernels = Kernels.available[table]
    let x = numbers(n, seed: 1)
    let weight = numbers(n, seed: 2)
    let before = numbers(n, seed: 3)
    let mean = x.reduce(0) { $0 + Double($1) * Double($1) } / Double(n)
    let expected = zip(x, weight).map { Double($0) / (mean + 0.01).squareRoot() * Double($1) }
    var out = before
    kernels.rmsNorm(n, 0.01, x, weight, &out, false)
    expectClose(out, expected, 1e-5, kernels.name)
    out = before
    kernels.rmsNorm(n, 0.01, x, weight, &out, true)
    expectClose(out, zip(before, expected).map { Double($0) + $1 }, 1e-5, kernels.name)
  }

  @Test(arguments: Kernels.available.indices, [1, 5, 16, 40])
  func rotate(table: Int, half: Int) {
    let kernels = Kernels.available[table]
    let heads = 3
    let angles = numbers(half, seed: 4).map { Double($0) }
    let before = numbers(heads * 2 * half + 1, seed: 5)
    var x = before
    kernels.rotate(
      heads, half, angles.map { Float(cos($0)) }, angles.map { Float(sin($0)) }, &x)
    let expected = (0..<heads).flatMap { head in
      (0..<2 * half).map { i in
        let a = Double(before[head * 2 * half + i % half])
        let b = Double(before[head * 2 * half + half + i % half])
        let angle = angles[i % half]
        return i < half ? a * cos(angle) - b * sin(angle) : b * cos(angle) + a * sin(angle)
      }
    }
    expectClose(x, expected, 1e-6, kernels.name)
    #expect(x.last == before.last)
  }

  @Test(arguments: Kernels.available.indices, lengths)
  func softCap(table: Int, n: Int) {
    let kernels = Kernels.available[table]
    let before = numbers(n, seed: 6, spread: 200)
    var x = before
    kernels.softCap(n, 0.25, 30, &x)
    expectClose(x, before.map { 30 * tanh(Double($0) * 0.25 / 30) }, 3e-6, kernels.name)
    x = before
    kernels.softCap(n, 0.25, 0, &x)
    #expect(x == before.map { $0 * 0.25 })
  }

  @Test(arguments: Kernels.available.indices, lengths)
  func shiftedExponentials(table: Int, n: Int) {
    let kernels = Kernels.available[table]
    var x = numbers(n, seed: 7, spread: 20)
    let expected = x.map { exp(Double($0) - 19) }
    var out = [Float](repeating: 0, count: n)
    let sum = kernels.shiftedExponentials(n, 19, x, &out)
    expectClose(out, expected, 1e-6, kernels.name)
    #expect(abs(Double(sum) - expected.reduce(0, +)) <= 1e-5 * expected.reduce(0, +))
    let same = x.withUnsafeMutableBufferPointer { buffer -> Float? in
      buffer.baseAddress.map { kernels.shiftedExponentials(n, 19, $0, $0) }
    }
    #expect(x == out)
    #expect(same == sum)
  }

  @Test(arguments: Kernels.available.indices, lengths)
  func gatedGELU(table: Int, n: Int) {
    let kernels = Kernels.available[table]
    let before = numbers(n, seed: 8, spread: 6)
    let up = numbers(n, seed: 9)
    var gate = before
    kernels.gatedGELU(n, &gate, up)
    let expected = zip(before, up).map { gate, up in
      let x = Double(gate)
      let inner = (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
      return 0.5 * x * (1 + tanh(inner)) * Double(up)
    }
    expectClose(gate, expected, 3e-6, kernels.name)
  }
}
