/// Numbers, indices and orders.
extension RandomGenerator {
  /// A number from [0, 1), a multiple of 2⁻⁵³.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number from a range that is not empty.
  public mutating func uniform(in range: Range<Float>) -> Float {
    precondition(!range.isEmpty, "no number lies in \(range)")
    let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    // Rounding to float32 may reach the upper end, which is outside.
    return min(Float(low + (high - low) * uniform()), range.upperBound.nextDown)
  }

  /// A number from the normal distribution of mean 0 and variance 1.
  public mutating func gaussian() -> Double { gaussianPair().0 }

  /// Two independent numbers from the normal distribution of mean 0 and variance 1, at the cost of
  /// one.
  ///
  /// Source: Marsaglia's polar method (Marsaglia and Bray 1964).
  public mutating func gaussianPair() -> (Double, Double) {
    while true {
      let x = 2 * uniform() - 1
      let y = 2 * uniform() - 1
      let square = x * x + y * y
      if square > 0, square < 1 {
        let length = (-2 * RandomGenerator.logarithm(square) / square).squareRoot()
        return (x * length, y * length)
      }
    }
  }

  /// A whole number from 0 ..< bound, each equally often.
  ///
  /// Source: Lemire 2019, arXiv 1805.10941, section 4.
  public mutating func index(below bound: Int) -> Int {
    precondition(bound > 0, "no index lies below \(bound)")
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let surplus = (0 &- bound) % bound
      while product.low < surplus { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// 0 ..< count in an order of which each is equally likely.
  public mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    shuffle(&order)
    return order
  }

  /// Brings elements into an order of which each is equally likely (Fisher and Yates).
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, index(below: last + 1))
    }
  }

  /// The natural logarithm of a positive number, to about 10⁻¹⁵.
  ///
  /// The C libraries' differ in the last bit from one system to the next.
  static func logarithm(_ x: Double) -> Double {
    var exponent = Double(x.exponent)
    var significand = x.significand
    if significand > 1.4142135623730951 {
      significand /= 2
      exponent += 1
    }
    // log m = 2 artanh t, with |t| < 0.172.
    let t = (significand - 1) / (significand + 1)
    let square = t * t
    var series = 0.0
    for odd in stride(from: 21.0, through: 3, by: -2) { series = (series + 1 / odd) * square }
    return exponent * 0.6931471805599453 + 2 * (t + t * series)
  }
}
