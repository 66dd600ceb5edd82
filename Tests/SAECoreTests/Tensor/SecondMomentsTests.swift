import SAEKernels
import Testing

@testable import SAECore

@Suite struct SecondMomentsTests {
  static func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, _ in Float(generator.gaussian()) }
  }

  /// Products of floats are exact in double, so that fused or not, and with vectors of any width,
  /// every kernel gives the bits of the plain loop.
  @Test(arguments: Kernels.available.map(\.name)) func kernelsAgreeBitForBit(_ name: String) throws
  {
    let kernels = try Kernels.choose(requested: name, available: Kernels.available)
    for rows in [0, 1, 3, 4, 5, 8, 11] {
      for columns in [1, 2, 7, 8, 9, 16, 17, 33] {
        let x = SecondMomentsTests.matrix(rows, columns, seed: UInt64(rows * 100 + columns))
        var expected = (0..<columns).map { Double($0) }
        var found = expected + [.nan]
        for row in 0..<rows {
          for column in 0..<columns {
            expected[column] += Double(x[row, 0]) * Double(x[row, column])
          }
        }
        x.withUnsafeElements { elements in
          guard let base = elements.baseAddress else { return }
          found.withUnsafeMutableBufferPointer { sums in
            guard let sums = sums.baseAddress else { return }
            kernels.productSums(rows, base, columns, columns, sums)
          }
        }
        #expect(Array(found.dropLast()) == expected && found[columns].isNaN)
      }
    }
  }

  @Test func sumsOfProducts() {
    let x = SecondMomentsTests.matrix(37, 13, seed: 1)
    func moments(_ threads: Int, _ parts: [Range<Int>]) -> SecondMoments {
      Threads.withCount(threads) {
        var moments = SecondMoments(dimension: 13)
        for part in parts { moments.add(Matrix(x[rows: part])) }
        return moments
      }
    }
    let one = moments(1, [0..<37])
    for i in 0..<13 {
      for j in 0..<13 {
        let expected = (0..<37).reduce(0.0) { $0 + Double(x[$1, i]) * Double(x[$1, j]) }
        #expect(one[i, j] == expected)
      }
    }
    // Tokens are added one after another, in whatever batches they come.
    #expect(moments(3, [0..<37]) == one)
    #expect(moments(2, [0..<1, 1..<30, 30..<37]) == one)
  }
}
