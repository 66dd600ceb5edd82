extension RandomGenerator {
  /// The generator of one token, or of one context.
  package static func token(_ token: Int, _ seed: UInt64) -> RandomGenerator {
    // Multiplied by an odd number, so that neighbors' seeds differ in many bits.
    RandomGenerator(seed: seed ^ (UInt64(token) &* 0xD6E8_FEB8_6659_FD93))
  }

  /// Fills a row with Gaussian numbers of mean 0.
  package mutating func fill(_ row: inout MutableSpan<Float>, deviation: Double) {
    var index = 0
    while index < row.count {
      let pair = gaussianPair()
      row[index] = Float(deviation * pair.0)
      if index + 1 < row.count { row[index + 1] = Float(deviation * pair.1) }
      index += 2
    }
  }
}

extension Matrix {
  /// A matrix whose rows are filled one by one, by several threads.
  package static func rows(
    _ rows: Int, _ columns: Int,
    _ fill: @Sendable (_ row: Int, _ values: inout MutableSpan<Float>) -> Void
  ) -> Matrix {
    var matrix = Matrix(rows: rows, columns: columns)
    matrix.fillRows(fill)
    return matrix
  }

  /// Independent Gaussian numbers of mean 0 and variance 1.
  package static func gaussian(
    _ rows: Int, _ columns: Int, using generator: inout RandomGenerator
  ) -> Matrix {
    Matrix.random(rows: rows, columns: columns, using: &generator) { row, generator in
      generator.fill(&row, deviation: 1)
    }
  }

  /// Rows of norm 1 in random directions, each orthogonal to those before it.
  ///
  /// - Precondition: there are no more rows than columns.
  package static func orthonormal(
    _ rows: Int, _ columns: Int, using generator: inout RandomGenerator
  ) -> Matrix {
    precondition(rows <= columns, "\(rows) directions of \(columns) cannot all be orthogonal")
    let random = gaussian(rows, columns, using: &generator)
    var basis: [[Double]] = []
    for row in 0..<rows {
      var direction = (0..<columns).map { Double(random[row, $0]) }
      // Twice: the first pass leaves an error from cancellation, which the second removes.
      for _ in 0..<2 {
        for other in basis {
          let product = zip(direction, other).reduce(0) { $0 + $1.0 * $1.1 }
          for column in 0..<columns { direction[column] -= product * other[column] }
        }
      }
      let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      basis.append(direction.map { $0 / norm })
    }
    return Matrix(rows: rows, columns: columns) { Float(basis[$0][$1]) }
  }
}
