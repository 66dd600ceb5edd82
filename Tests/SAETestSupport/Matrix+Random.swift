package import SAETensor

extension Matrix {
  /// Gaussian numbers, the same for the same seed.
  package static func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, _ in Float(generator.gaussian()) }
  }

  /// Small whole numbers, whose products and sums are exact.
  package static func wholeNumbers(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, _ in Float(generator.index(below: 9) - 4) }
  }
}
