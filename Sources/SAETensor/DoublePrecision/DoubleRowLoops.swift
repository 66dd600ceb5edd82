/// Loops over rows of doubles, for the little that is done in double throughout.
///
/// Sums run in eight columns, so that the compiler makes vectors of them.
enum DoubleLoops {
  typealias P = UnsafePointer<Double>
  typealias M = UnsafeMutablePointer<Double>

  /// Σ a b
  static func dot(_ n: Int, _ a: P, _ b: P) -> Double {
    var sums = SIMD8<Double>()
    var j = 0
    while j + 8 <= n {
      let left = unsafe UnsafeRawPointer(a + j).loadUnaligned(as: SIMD8<Double>.self)
      let right = unsafe UnsafeRawPointer(b + j).loadUnaligned(as: SIMD8<Double>.self)
      sums += left * right
      j += 8
    }
    var sum = sums.sum()
    while j < n {
      unsafe sum += a[j] * b[j]
      j += 1
    }
    return sum
  }

  /// y += α x
  static func axpy(_ n: Int, _ alpha: Double, _ x: P, _ y: M) {
    for j in 0..<n { unsafe y[j] += alpha * x[j] }
  }

  /// z −= α x + β y
  static func subtract(_ n: Int, _ alpha: Double, _ x: P, _ beta: Double, _ y: P, from z: M) {
    for j in 0..<n { unsafe z[j] -= alpha * x[j] + beta * y[j] }
  }

  /// (low, high) ← (c low − s high, s low + c high)
  static func rotate(_ n: Int, _ cosine: Double, _ sine: Double, _ low: M, _ high: M) {
    for j in 0..<n {
      let (a, b) = unsafe (low[j], high[j])
      unsafe low[j] = cosine * a - sine * b
      unsafe high[j] = sine * a + cosine * b
    }
  }
}
