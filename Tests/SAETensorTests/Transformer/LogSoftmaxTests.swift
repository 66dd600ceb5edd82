import Foundation
import SAETensor
import Testing

struct LogSoftmaxTests {
  func logNormalizer(_ row: [Double]) -> Double {
    let largest = row.max() ?? 0
    return largest + log(row.reduce(0) { $0 + exp($1 - largest) })
  }

  func divergence(_ p: [Double], _ q: [Double]) -> Double {
    let (a, b) = (logNormalizer(p), logNormalizer(q))
    return zip(p, q).reduce(0) { $0 + exp($1.0 - a) * (($1.0 - a) - ($1.1 - b)) }
  }

  @Test(arguments: [1.0, 30, 10_000])
  func agreesWithDoubles(size: Double) {
    var generator = RandomGenerator(seed: 11)
    var matrices = (0..<2).map { _ in
      Matrix(rows: 9, columns: 301) { _, _ in
        Float((Double(generator.next() >> 11) * 0x1p-52 - 1) * size)
      }
    }
    // One row of equal logits, whose divergence from itself is 0.
    for column in 0..<301 {
      for index in 0..<2 { matrices[index][8, column] = matrices[0][8, 0] }
    }
    let rows = matrices.map { matrix in
      (0..<9).map { row in (0..<301).map { Double(matrix[row, $0]) } }
    }
    let normalizers = matrices[0].logNormalizers()
    let divergences = matrices[0].divergences(to: matrices[1])
    for row in 0..<9 {
      #expect(abs(normalizers[row] - logNormalizer(rows[0][row])) < 1e-5)
      // Differences of logits are rounded to 24 bits of their size.
      #expect(
        abs(divergences[row] - divergence(rows[0][row], rows[1][row])) < 1e-6 * max(4, 2 * size))
    }
    #expect(divergences[8] == 0)
    #expect(matrices[0].divergences(to: matrices[0]) == [Double](repeating: 0, count: 9))
  }

  @Test func equalLogits() {
    let matrix = Matrix(rows: 1, columns: 8192)
    #expect(abs(matrix.logNormalizers()[0] - log(8192)) < 1e-12)
  }
}
