import SAETestSupport
import Testing

@testable import SAETensor

@Suite struct DoubleMatrixTests {
  static func random(_ rows: Int, _ columns: Int, _ generator: inout RandomGenerator)
    -> DoubleMatrix
  {
    DoubleMatrix(
      rows: rows, columns: columns,
      values: (0..<rows * columns).map { _ in generator.gaussian() })
  }

  /// A plain triple loop in the same order gives the same bits, also across panels and slices.
  @Test(arguments: [(1, 1, 1), (7, 5, 3), (16, 16, 16), (17, 33, 300), (70, 15, 65), (8, 100, 9)])
  func productAgreesWithPlainLoop(_ shape: (Int, Int, Int)) {
    var generator = RandomGenerator(seed: 1)
    let (m, n, depth) = shape
    let a = Self.random(m, depth, &generator)
    let b = Self.random(depth, n, &generator)
    let start = Self.random(m + 2, n + 3, &generator)
    var expected = start
    for i in 0..<m {
      for j in 0..<n {
        for p in 0..<depth { expected[i + 2, j + 1] -= a[i, p] * b[p, j] }
      }
    }
    for threads in [1, 3] {
      var c = start
      var d = start
      Threads.withCount(threads) {
        c.addProduct(a.factor, b.factor, scale: -1, row: 2, column: 1)
        d.addProduct(
          a.transposed().transposedFactor, b.transposed().transposedFactor, scale: -1, row: 2,
          column: 1)
      }
      #expect(c == expected && d == expected)
    }
  }

  @Test func upperPartIsComplete() {
    var generator = RandomGenerator(seed: 2)
    let a = Self.random(50, 90, &generator)
    var whole = DoubleMatrix(rows: 90, columns: 90)
    whole.addProduct(a.transposedFactor, a.factor)
    var upper = DoubleMatrix(rows: 90, columns: 90)
    upper.addProduct(a.transposedFactor, a.factor, upperOnly: true)
    for row in 0..<90 {
      for column in row..<90 { #expect(upper[row, column] == whole[row, column]) }
    }
  }

  /// A X = B, of several blocks and of one; ‖A X − B‖ is a few roundings of the terms.
  @Test(arguments: [1, 3, 64, 65, 150]) func factorizationSolves(count: Int) throws {
    var generator = RandomGenerator(seed: 3)
    let a = Self.random(2 * count, count, &generator)
    var gram = DoubleMatrix(rows: count, columns: count)
    gram.addProduct(a.transposedFactor, a.factor)
    let right = Self.random(count, 5, &generator)
    var upper = gram
    // The lower triangle is not read.
    for row in 0..<count { for column in 0..<row { upper[row, column] = .nan } }
    let factorization = try #require(CholeskyFactorization(upper: upper))
    let x = factorization.solve(right)
    var residual = right
    residual.addProduct(gram.factor, x.factor, scale: -1)
    let scale = Double(count) * 1e-14 * (x.values.map(abs).max() ?? 0) * Double(2 * count)
    #expect(residual.values.allSatisfy { abs($0) < scale })
  }

  @Test func matricesThatAreNotPositiveDefiniteAreRefused() {
    #expect(
      CholeskyFactorization(upper: DoubleMatrix(rows: 2, columns: 2, values: [1, 1, 1, 1])) == nil)
    #expect(
      CholeskyFactorization(upper: DoubleMatrix(rows: 2, columns: 2, values: [1, 2, 2, 1])) == nil)
    #expect(
      CholeskyFactorization(upper: DoubleMatrix(rows: 1, columns: 1, values: [.nan])) == nil)
    #expect(CholeskyFactorization(upper: DoubleMatrix(rows: 0, columns: 0)) != nil)
  }
}
