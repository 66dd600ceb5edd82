import SAEKernels
import SAETestSupport
import Testing

@testable import SAETensor

/// The product that skips zeros, with every set of kernels that this machine runs.
@Suite struct MaskedProductTests {
  static let kernelNames = PanelProductTests.kernelNames

  /// A matrix of which a share is not 0.
  static func sparse(_ rows: Int, _ columns: Int, share: Float, seed: UInt64) -> Matrix {
    let values = Matrix.random(rows, columns, seed: seed)
    let chance = Matrix.random(rows, columns, seed: seed + 1000)
    let limit = share == 0 ? -Float.infinity : share == 1 ? .infinity : 0
    return Matrix(rows: rows, columns: columns) { i, j in
      chance[i, j] < limit ? values[i, j] : 0
    }
  }

  /// Every element within (k + 1) roundings of the sum in double, and a frame of NaN untouched.
  private func check(
    _ name: String, m: Int, n: Int, k: Int, transposed: Bool, share: Float, accumulate: Bool
  ) throws {
    let kernels = try PanelProductTests.table(name)
    let seed = UInt64(m * 7919 + n * 31 + k)
    let a = Self.sparse(transposed ? k : m, transposed ? m : k, share: share, seed: seed)
    let view = transposed ? a.transposed : a.view
    let b = Matrix.random(k, n, seed: seed + 1)
    let start = Matrix.random(m, n, seed: seed + 2)
    var c = Matrix(rows: m + 2, columns: n + 3, repeating: .nan)
    if accumulate {
      for i in 0..<m { for j in 0..<n { c[i + 1, j + 1] = start[i, j] } }
    }
    let product = MaskedProduct(kernels: kernels, rows: m, columns: n, depth: k)
    var results: [Matrix] = []
    for threads in [1, 3] {
      var framed = c
      Threads.withCount(threads) {
        framed.lendMutable { rows in
          product.run(
            view.operand, b.view.operand, into: rows.elements.from(n + 3 + 1), rowStride: n + 3,
            accumulate: accumulate)
        }
      }
      results.append(framed)
    }
    for i in 0..<(m + 2) {
      for j in 0..<(n + 3) {
        let found = results[0][i, j]
        guard i > 0, i <= m, j > 0, j <= n else {
          #expect(found.isNaN, "\(name): frame at \(i), \(j)")
          continue
        }
        #expect(found == results[1][i, j], "\(name): threads")
        var sum = accumulate ? Double(start[i - 1, j - 1]) : 0
        var magnitude = abs(sum)
        for p in 0..<k {
          let term = Double(view[i - 1, p]) * Double(b[p, j - 1])
          sum += term
          magnitude += abs(term)
        }
        let bound = Double(k + 2) * 0x1p-24 * magnitude * 1.0001
        #expect(abs(Double(found) - sum) <= bound, "\(name): \(m) × \(n) × \(k) at \(i), \(j)")
      }
    }
  }

  @Test(arguments: kernelNames) func shapesAroundStripsAndBlocks(_ name: String) throws {
    let strip = try PanelProductTests.table(name).maskedColumns
    var trial = 0
    for (m, n, k) in [
      (1, 1, 1), (3, strip, 32), (5, strip + 1, 33), (4, 2 * strip - 1, 31), (66, strip + 9, 64),
      (9, strip / 2 + 3, 300), (130, 5, 40), (2, strip, 520),
    ] {
      for transposed in [false, true] {
        trial += 1
        try check(
          name, m: m, n: n, k: k, transposed: transposed, share: trial % 5 == 0 ? 1 : 0.5,
          accumulate: trial % 3 == 0)
      }
    }
  }

  @Test(arguments: kernelNames) func nothingButZerosGivesZerosOrWhatWasThere(
    _ name: String
  ) throws {
    try check(name, m: 7, n: 50, k: 70, transposed: false, share: 0, accumulate: false)
    try check(name, m: 7, n: 50, k: 70, transposed: true, share: 0, accumulate: true)
  }

  @Test(arguments: kernelNames) func masksTellZerosFromAllElse(_ name: String) throws {
    let kernels = try PanelProductTests.table(name)
    let row: [Float] = [
      0, -0.0, 1, -1, .nan, -.nan, .infinity, -.infinity, .leastNonzeroMagnitude,
      -.leastNonzeroMagnitude, 0,
    ]
    var packed = [Float](repeating: 7, count: kernels.maskedSteps)
    var masks: [UInt32] = [0]
    unsafe row.withUnsafeBufferPointer { row in
      unsafe packed.withUnsafeMutableBufferPointer { packed in
        unsafe masks.withUnsafeMutableBufferPointer { masks in
          guard let from = row.baseAddress, let to = packed.baseAddress,
            let bits = masks.baseAddress
          else { return }
          unsafe kernels.packMasked(from, 1, row.count, row.count, 1, to, bits)
        }
      }
    }
    #expect(masks[0] == 0b011_1111_1100)
    #expect(packed[row.count...].allSatisfy { $0 == 0 })
  }
}
