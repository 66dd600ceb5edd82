extension Matrix {
  /// Adds element by element.
  ///
  /// - Precondition: the shapes are equal.
  public static func += (a: inout Matrix, b: Matrix) { a.add(b) }

  /// Subtracts element by element.
  ///
  /// - Precondition: the shapes are equal.
  public static func -= (a: inout Matrix, b: Matrix) { a.add(b, times: -1) }

  /// Multiplies every element.
  public static func *= (a: inout Matrix, factor: Float) { a.scale(by: factor) }

  /// The sum, element by element.
  public static func + (a: Matrix, b: Matrix) -> Matrix {
    var sum = a
    sum += b
    return sum
  }

  /// The difference, element by element.
  public static func - (a: Matrix, b: Matrix) -> Matrix {
    var difference = a
    difference -= b
    return difference
  }

  /// Every element times a factor.
  public static func * (factor: Float, a: Matrix) -> Matrix {
    var product = a
    product *= factor
    return product
  }

  /// The square root of the sum of all squares, in double over pieces of float32 sums.
  package var frobeniusNorm: Double { sumOfSquares().squareRoot() }
}
