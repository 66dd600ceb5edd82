/// The operations of a transformer on one row, other than matrix products.
public enum TransformerLoops<Unit: VectorUnit> {
  public typealias Vector = Unit.Vector

  /// out (+)= x / √(mean(x²) + ε) ⊙ weight
  ///
  /// Source: Zhang and Sennrich 2019, arXiv 1910.07467, equation 4.
  @inlinable @inline(__always)
  public static func rmsNorm(
    _ n: Int, epsilon: Float, _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    let factor = 1 / (VectorLoops<Unit>.dot(n, x, x) / Float(n) + epsilon).squareRoot()
    if accumulate {
      for i in 0..<n { out[i] = Unit.multiplyAdd(out[i], x[i] * factor, weight[i]) }
    } else {
      for i in 0..<n { out[i] = x[i] * factor * weight[i] }
    }
  }

  /// out = (x − mean(x)) / √(variance(x) + ε) ⊙ weight + bias
  ///
  /// Source: Ba, Kiros and Hinton 2016, arXiv 1607.06450, equation 4.
  @inlinable @inline(__always)
  public static func layerNorm(
    _ n: Int, epsilon: Float, _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
  ) {
    let mean = VectorLoops<Unit>.sum(n, x) / Float(n)
    for i in 0..<n { out[i] = x[i] - mean }
    let factor = 1 / (VectorLoops<Unit>.dot(n, out, out) / Float(n) + epsilon).squareRoot()
    for i in 0..<n { out[i] = Unit.multiplyAdd(bias[i], out[i] * factor, weight[i]) }
  }

  /// Rotates `heads` vectors of `2 · half` floats that follow one another: component i and
  /// component i + half by the angle whose cosine and sine stand at i.
  ///
  /// Source: Su et al. 2021, arXiv 2104.09864, equation 34, with a pair's two components half a
  /// head apart instead of side by side.
  @inlinable @inline(__always)
  public static func rotate(
    heads: Int, half: Int, cosine: UnsafePointer<Float>, sine: UnsafePointer<Float>,
    _ x: UnsafeMutablePointer<Float>
  ) {
    for head in 0..<heads {
      let first = x + head * 2 * half
      let second = first + half
      for i in 0..<half {
        let a = first[i]
        let b = second[i]
        first[i] = a * cosine[i] - b * sine[i]
        second[i] = b * cosine[i] + a * sine[i]
      }
    }
  }

  /// x ← cap · tanh(scale · x / cap); with a cap of 0, x ← scale · x.
  @inlinable @inline(__always)
  public static func softCap(
    _ n: Int, scale: Float, cap: Float, _ x: UnsafeMutablePointer<Float>
  ) {
    guard cap > 0 else { return VectorLoops<Unit>.scale(n, scale, x) }
    let inner = scale / cap
    for i in 0..<n { x[i] = cap * ActivationLoops<Unit>.hyperbolicTangent(x[i] * inner) }
  }

  /// out = e^(x − shift), and returns the sum; `out` may be `x`.
  @inlinable @inline(__always)
  public static func shiftedExponentials(
    _ n: Int, shift: Float, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
  ) -> Float {
    if UnsafePointer(out) == x {
      // With two pointers the compiler's test for overlap would choose the loop without vectors.
      for i in 0..<n { out[i] = ActivationLoops<Unit>.exponential(out[i] - shift) }
    } else {
      for i in 0..<n { out[i] = ActivationLoops<Unit>.exponential(x[i] - shift) }
    }
    return VectorLoops<Unit>.sum(n, out)
  }
}
