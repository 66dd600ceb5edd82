/// Loops over rows of doubles, for the little that is done in double throughout.
extension Lent where Element == Double {
  /// Σ a b of elements and as many others.
  ///
  /// Sums run in eight columns, so that the compiler makes vectors of them.
  func dot(_ other: Lent) -> Double {
    assert(other.count == count, "\(count) elements and \(other.count)")
    var sums = SIMD8<Double>()
    var j = 0
    while j + 8 <= count {
      sums +=
        unsafe UnsafeRawPointer(base + j).loadUnaligned(as: SIMD8<Double>.self)
        * UnsafeRawPointer(other.base + j).loadUnaligned(as: SIMD8<Double>.self)
      j += 8
    }
    var sum = sums.sum()
    while j < count {
      sum += self[j] * other[j]
      j += 1
    }
    return sum
  }
}

extension Lent where Element == Float {
  /// Σ w (x − y − c) of elements w and as many x and y, in double: differences of large numbers keep their
  /// last digits.
  func weightedDifference(_ x: Lent, _ y: Lent, less c: Double) -> Double {
    assert(x.count == count && y.count == count, "\(x.count) less \(y.count) for \(count)")
    func eight(_ elements: Lent, _ j: Int) -> SIMD8<Double> {
      unsafe SIMD8<Double>(
        UnsafeRawPointer(elements.base + j).loadUnaligned(as: SIMD8<Float>.self))
    }
    var sums = SIMD8<Double>()
    var j = 0
    while j + 8 <= count {
      sums += eight(self, j) * (eight(x, j) - eight(y, j) - c)
      j += 8
    }
    var sum = sums.sum()
    while j < count {
      sum += Double(self[j]) * (Double(x[j]) - Double(y[j]) - c)
      j += 1
    }
    return sum
  }
}

extension MutableLent where Element == Double {
  /// Adds α x.
  func add(_ x: Lent<Double>, times alpha: Double) {
    for j in 0..<count { self[j] += alpha * x[j] }
  }

  /// Subtracts α x + β y.
  func subtract(_ x: Lent<Double>, times alpha: Double, _ y: Lent<Double>, times beta: Double) {
    for j in 0..<count { self[j] -= alpha * x[j] + beta * y[j] }
  }

  /// (low, high) ← (c low − s high, s low + c high), these elements being the low ones.
  func rotate(_ high: MutableLent, cosine: Double, sine: Double) {
    for j in 0..<count {
      let (a, b) = (self[j], high[j])
      self[j] = cosine * a - sine * b
      high[j] = sine * a + cosine * b
    }
  }
}
