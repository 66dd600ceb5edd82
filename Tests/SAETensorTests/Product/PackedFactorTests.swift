import SAETestSupport
import Testing

@testable import SAETensor

/// A factor packed once gives the bits of the ordinary product.
@Suite struct PackedFactorTests {
  @Test func agreesWithTheOrdinaryProduct() {
    for (m, k, n) in [(1, 1, 1), (5, 3, 40), (200, 17, 33), (90, 1500, 70), (30, 2, 2000)] {
      let a = Matrix.random(m, k, seed: 1)
      let b = Matrix.random(n, k, seed: 2)
      let expected = Matrix.product(a.view, b.transposed)
      let packed = PackedFactor(a)
      for threads in [1, 2, 7] {
        Threads.withCount(threads) {
          var c = Matrix(rows: m, columns: n, repeating: .nan)
          c.setProduct(packed, b.transposed)
          #expect(c == expected, "\(m) × \(k) × \(n), \(threads) threads")
        }
      }
    }
  }
}
