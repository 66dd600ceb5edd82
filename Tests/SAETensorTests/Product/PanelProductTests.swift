import SAEKernels
import SAETestSupport
import Testing

@testable import SAETensor

/// The blocked product with every set of kernels that this machine runs, against sums in double.
@Suite struct PanelProductTests {
  static let kernelNames = Kernels.available.map(\.name)

  static func table(_ name: String) throws -> KernelTable {
    try #require(Kernels.available.first { $0.name == name })
  }

  /// A product inside a frame of NaN, and the factors as they were used.
  struct Framed {
    let m: Int
    let n: Int
    let k: Int
    let transposesA: Bool
    let transposesB: Bool

    /// Runs the product and checks every element against the bound, and the frame.
    ///
    /// A sum of k products has at most k + 1 roundings a term (fused or not, and the slices' and the
    /// accumulation's among them): |error| ≤ (k + 1) u Σ|a b| (1 + tiny), u = 2⁻²⁴.
    func check(_ kernels: KernelTable, seed: UInt64, accumulate: Bool, exact: Bool) -> Bool {
      let make = exact ? Matrix.wholeNumbers : Matrix.random
      let a = transposesA ? make(k, m, seed) : make(m, k, seed)
      let b = transposesB ? make(n, k, seed + 1) : make(k, n, seed + 1)
      let viewA = transposesA ? a.transposed : a.view
      let viewB = transposesB ? b.transposed : b.view
      var c = Matrix(rows: m + 2, columns: n + 3, repeating: .nan)
      let start = make(m, n, seed + 2)
      if accumulate {
        for i in 0..<m { for j in 0..<n { c[i + 1, j + 1] = start[i, j] } }
      }
      let product = PanelProduct(kernels: kernels, rows: m, columns: n, depth: k)
      c.lendMutable { rows in
        guard m > 0, n > 0, k > 0 else { return }
        product.run(
          viewA.operand, viewB.operand, into: rows.elements.from(n + 3 + 1), rowStride: n + 3,
          accumulate: accumulate)
      }
      if m == 0 || n == 0 || k == 0 { return true }
      for i in 0..<(m + 2) {
        for j in 0..<(n + 3) {
          guard i > 0, i <= m, j > 0, j <= n else {
            if !c[i, j].isNaN { return false }
            continue
          }
          var sum = accumulate ? Double(start[i - 1, j - 1]) : 0
          var magnitude = abs(sum)
          for p in 0..<k {
            let term = Double(viewA[i - 1, p]) * Double(viewB[p, j - 1])
            sum += term
            magnitude += abs(term)
          }
          let bound = exact ? 0 : Double(k + 2) * 0x1p-24 * magnitude * 1.0001
          if abs(Double(c[i, j]) - sum) > bound { return false }
        }
      }
      return true
    }
  }

  @Test(arguments: kernelNames) func smallShapesAreExactOnWholeNumbers(_ name: String) throws {
    let kernels = try Self.table(name)
    let sizes = [0, 1, 2, 3, 5, 8, 13, 20]
    for m in sizes {
      for n in sizes {
        for k in [0, 1, 2, 7, 20] {
          for transposition in 0..<4 {
            let product = Framed(
              m: m, n: n, k: k, transposesA: transposition & 1 == 1,
              transposesB: transposition & 2 == 2)
            #expect(
              product.check(
                kernels, seed: UInt64(m * 400 + n * 20 + k), accumulate: (m + n) % 2 == 0,
                exact: true),
              "\(name): \(product)")
          }
        }
      }
    }
  }

  @Test(arguments: kernelNames) func shapesAroundTilesAndBlocksStayWithinTheBound(
    _ name: String
  ) throws {
    let kernels = try Self.table(name)
    var generator = RandomGenerator(seed: 7)
    let (rows, columns) = (kernels.tileRows, kernels.tileColumns)
    for trial in 0..<60 {
      let m = rows * (generator.index(below: 6)) + generator.index(below: 3) - 1
      let n = columns * (1 + generator.index(below: 3)) + generator.index(below: 3) - 1
      let k = 1 + generator.index(below: 60)
      let product = Framed(
        m: max(0, m), n: n, k: k, transposesA: generator.index(below: 2) == 1,
        transposesB: generator.index(below: 2) == 1)
      #expect(
        product.check(kernels, seed: UInt64(trial), accumulate: trial % 3 == 0, exact: false),
        "\(name): \(product)")
    }
  }

  /// Depths beyond a slice are summed slice by slice.
  @Test(arguments: kernelNames) func depthsBeyondASlice(_ name: String) throws {
    let kernels = try Self.table(name)
    for k in [383, 384, 385, 767, 768, 769, 1700] {
      let product = Framed(m: 5, n: 9, k: k, transposesA: false, transposesB: true)
      #expect(product.check(kernels, seed: 3, accumulate: false, exact: false), "\(name) \(k)")
    }
  }

  /// More than a panel of B, and rows enough for several blocks of A.
  @Test(arguments: kernelNames) func severalPanelsAndBlocks(_ name: String) throws {
    let kernels = try Self.table(name)
    let a = Matrix.wholeNumbers(130, 3, seed: 1)
    let b = Matrix.wholeNumbers(3, 4200, seed: 2)
    var c = Matrix(rows: 130, columns: 4200)
    let product = PanelProduct(kernels: kernels, rows: 130, columns: 4200, depth: 3)
    c.lendMutable { rows in
      product.run(
        a.view.operand, b.view.operand, into: rows.elements, rowStride: 4200, accumulate: false)
    }
    for i in [0, 55, 56, 57, 129] {
      for j in [0, 31, 32, 4095, 4096, 4199] {
        let expected = (0..<3).reduce(Float(0)) { $0 + a[i, $1] * b[$1, j] }
        #expect(c[i, j] == expected, "\(name) (\(i), \(j))")
      }
    }
  }

  @Test func bitsDoNotDependOnThreads() {
    for (m, n, k) in [(200, 300, 150), (3, 2000, 300), (1000, 7, 800), (64, 64, 2000)] {
      let a = Matrix.random(m, k, seed: 11)
      let b = Matrix.random(k, n, seed: 12)
      let reference = Threads.withCount(1) { a.multiplied(by: b) }
      for threads in [2, 3, 7] {
        #expect(Threads.withCount(threads) { a.multiplied(by: b) } == reference)
      }
    }
  }

  @Test func overwritingNeverReadsWhatWasThere() {
    var c = Matrix(rows: 3, columns: 4, repeating: .nan)
    c.setProduct(Matrix.random(3, 5, seed: 1).view, Matrix.random(5, 4, seed: 2).view)
    #expect(c.isFinite())
    c = Matrix(rows: 3, columns: 4, repeating: .nan)
    c.setProduct(Matrix(rows: 3, columns: 0).view, Matrix(rows: 0, columns: 4).view)
    #expect(c == Matrix(rows: 3, columns: 4))
  }
}
