import Testing

@testable import SAETensor

@Suite struct SymmetricEigenvectorsTests {
  func random(_ n: Int, _ seed: UInt64) -> [Double] {
    var generator = RandomGenerator(seed: seed)
    var matrix = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        let value = generator.gaussian()
        matrix[i * n + j] = value
        matrix[j * n + i] = value
      }
    }
    return matrix
  }

  /// A v = λ v for every pair, and the vectors are orthonormal; both to rounding.
  func check(_ matrix: [Double], _ n: Int) throws {
    let found = try #require(SymmetricEigenvectors(matrix, dimension: n))
    #expect(found.values == found.values.sorted())
    // At least the norm of the matrix, and no square that could overflow.
    let scale = Double(n) * matrix.reduce(0.0) { max($0, abs($1)) }
    let bound = 8 * Double(n) * .ulpOfOne
    for row in 0..<n {
      let v = Array(found.vectors[row * n..<(row + 1) * n])
      for i in 0..<n {
        let image = (0..<n).reduce(0.0) { $0 + matrix[i * n + $1] * v[$1] }
        #expect(abs(image - found.values[row] * v[i]) <= bound * scale)
      }
      for other in 0...row {
        let dot = (0..<n).reduce(0.0) { $0 + v[$1] * found.vectors[other * n + $1] }
        #expect(abs(dot - (other == row ? 1 : 0)) <= bound)
      }
      let largest = v.reduce(0) { abs($1) > abs($0) ? $1 : $0 }
      #expect(largest > 0)
    }
  }

  @Test(arguments: [0, 1, 2, 3, 4, 7, 8, 9, 16, 33, 40]) func randomMatrices(_ n: Int) throws {
    for seed in 0..<3 { try check(random(n, UInt64(seed)), n) }
  }

  @Test func matricesWithStructure() throws {
    let n = 12
    func matrix(_ entry: (Int, Int) -> Double) -> [Double] {
      (0..<n * n).map { entry($0 / n, $0 % n) }
    }
    try check(matrix { _, _ in 0 }, n)
    try check(matrix { _, _ in 1 }, n)
    try check(matrix { $0 == $1 ? 1 : 0 }, n)
    try check(matrix { $0 == $1 ? Double($0 % 3) - 1 : 0 }, n)
    try check(matrix { abs($0 - $1) == 1 ? 1 : 0 }, n)
    try check(matrix { $0 + $1 == n - 1 ? 1 : 0 }, n)
    try check(matrix { $0 / 4 == $1 / 4 ? 2 : 0 }, n)
    // Graded over 24 orders of magnitude, and far from 1.
    try check(matrix { 1 / Double($0 * $1 + 1) * pow10(-$0 - $1) }, n)
    for power in [-280, -150, 150, 300] {
      try check(random(n, 5).map { $0 * pow10(power) }, n)
    }
  }

  func pow10(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? .nan }

  /// Eigenvalues of the second difference: 2 − 2 cos(π k/(n + 1)); here n = 5, cosines of multiples
  /// of 30°.
  @Test func knownEigenvalues() throws {
    let matrix = (0..<25).map { index -> Double in
      let distance = abs(index / 5 - index % 5)
      return distance == 0 ? 2 : distance == 1 ? -1 : 0
    }
    let found = try #require(SymmetricEigenvectors(matrix, dimension: 5))
    let root = 3.0.squareRoot()
    for (value, expected) in zip(found.values, [2 - root, 1, 2, 3, 2 + root]) {
      #expect(abs(value - expected) < 1e-14)
    }
  }

  @Test func whatIsNotFiniteHasNone() {
    #expect(SymmetricEigenvectors([1, .nan, .nan, 1], dimension: 2) == nil)
    #expect(SymmetricEigenvectors([1, 0, 0, .infinity], dimension: 2) == nil)
  }

  @Test func theSameBitsForAnyNumberOfThreads() throws {
    let matrix = random(70, 6)
    let one = try #require(
      Threads.withCount(1) { SymmetricEigenvectors(matrix, dimension: 70) })
    for threads in [2, 5] {
      let other = try #require(
        Threads.withCount(threads) { SymmetricEigenvectors(matrix, dimension: 70) })
      #expect(other.values == one.values && other.vectors == one.vectors)
    }
  }
}
