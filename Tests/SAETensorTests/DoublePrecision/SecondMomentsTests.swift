import Testing

@testable import SAETensor

@Suite struct SecondMomentsTests {
  static func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, _ in Float(generator.gaussian()) }
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
