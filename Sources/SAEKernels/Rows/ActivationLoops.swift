/// Element-wise functions of `n` floats; `out` may be `x`.
///
/// Written a scalar at a time without branches: the compiler makes vectors of such loops, and a
/// value never depends on where in the array it stands.
public enum ActivationLoops<Unit: VectorUnit> {
  /// max(x, 0); NaN stays NaN.
  @inlinable @inline(__always)
  public static func relu(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n { out[i] = x[i] < 0 ? 0 : x[i] }
  }

  /// x where x > θ, else 0; one threshold per element.
  @inlinable @inline(__always)
  public static func jumpReLU(
    _ n: Int, _ x: UnsafePointer<Float>, _ threshold: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n { out[i] = x[i] > threshold[i] ? x[i] : 0 }
  }

  /// eˣ, to 2e-7 relative; overflows to ∞ and underflows to 0 as the exact value does.
  @inlinable @inline(__always)
  public static func exp(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n { out[i] = exponential(x[i]) }
  }

  /// tanh x, to 1e-6 relative.
  @inlinable @inline(__always)
  public static func tanh(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n { out[i] = hyperbolicTangent(x[i]) }
  }

  /// 1 / (1 + e⁻ˣ)
  @inlinable @inline(__always)
  public static func sigmoid(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n { out[i] = 1 / (1 + exponential(-x[i])) }
  }

  /// x / (1 + e⁻ˣ): SiLU.
  @inlinable @inline(__always)
  public static func silu(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n { out[i] = x[i] / (1 + exponential(-x[i])) }
  }

  /// x Φ(x) with Φ the standard normal distribution: GELU without approximation of its form.
  ///
  /// Source: Hendrycks and Gimpel 2016, arXiv 1606.08415, section 2.
  @inlinable @inline(__always)
  public static func exactGELU(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n { out[i] = x[i] * normalDistribution(x[i]) }
  }

  /// The tanh form of GELU: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).
  @inlinable @inline(__always)
  public static func gelu(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n { out[i] = tanhGELU(x[i]) }
  }

  @inlinable @inline(__always)
  static func tanhGELU(_ x: Float) -> Float {
    let inner: Float = 0.797_884_6 * (x + 0.044715 * (x * x * x))
    return 0.5 * x * (1 + hyperbolicTangent(inner))
  }

  /// Φ(x). With z = |x|/√2 and t = 1 / (1 + z/2), the tail ½ erfc(z) is ½ t exp(−z² + p(t)); p is a
  /// polynomial fitted at Chebyshev points to the logarithm of what is left, to 2e-7 for z up to 9.
  @inlinable @inline(__always)
  static func normalDistribution(_ x: Float) -> Float {
    let z: Float = (x < 0 ? -x : x) * 0.707_106_77
    let t = 1 / Unit.multiplyAdd(1, z, 0.5)
    var p: Float = 9.158_159_5e-2
    p = Unit.multiplyAdd(-6.185_582_5e-1, p, t)
    p = Unit.multiplyAdd(1.606_657_85, p, t)
    p = Unit.multiplyAdd(-1.932_660_01, p, t)
    p = Unit.multiplyAdd(9.563_396_3e-1, p, t)
    p = Unit.multiplyAdd(-2.800_438_64e-1, p, t)
    p = Unit.multiplyAdd(4.503_262_91e-1, p, t)
    p = Unit.multiplyAdd(9.914_630_14e-1, p, t)
    p = Unit.multiplyAdd(-1.265_106_38, p, t)
    let tail = 0.5 * t * exponential(Unit.multiplyAdd(p, z, -z))
    return x < 0 ? tail : 1 - tail
  }

  /// 2ʲ·eᶠ with j whole and |f| ≤ ½ ln 2; eᶠ by a polynomial of degree 7.
  @inlinable @inline(__always)
  static func exponential(_ x: Float) -> Float {
    // Adding 1.5 · 2²³ rounds to a whole number and leaves it in the low bits.
    let rounder: Float = 12_582_912
    let above = x > 89 ? 89 : x
    let clamped: Float = above < -104 ? -104 : above
    let shifted = Unit.multiplyAdd(rounder, clamped, 1.442_695_04)
    let whole = shifted - rounder
    // ln 2 in two parts, the first of few bits, so that the difference is exact.
    var f = Unit.multiplyAdd(clamped, whole, -0.693_359_375)
    f = Unit.multiplyAdd(f, whole, 2.121_944_4e-4)
    var p: Float = 1.984_126_98e-4
    p = Unit.multiplyAdd(1.388_888_89e-3, p, f)
    p = Unit.multiplyAdd(8.333_333_33e-3, p, f)
    p = Unit.multiplyAdd(4.166_666_67e-2, p, f)
    p = Unit.multiplyAdd(1.666_666_67e-1, p, f)
    p = Unit.multiplyAdd(0.5, p, f)
    p = Unit.multiplyAdd(1, p, f)
    p = Unit.multiplyAdd(1, p, f)
    // 2ʲ in two factors: j may leave the range of an exponent where the product does not.
    let j = shifted.bitPattern &- rounder.bitPattern
    let half = UInt32(bitPattern: Int32(bitPattern: j) &>> 1)
    let first = Float(bitPattern: (half &+ 127) &<< 23)
    let second = Float(bitPattern: (j &- half &+ 127) &<< 23)
    return p * first * second
  }

  /// By e²ˣ away from 0, by a polynomial near it, where the quotient would cancel.
  @inlinable @inline(__always)
  static func hyperbolicTangent(_ x: Float) -> Float {
    let above = x > 10 ? 10 : x
    let limited: Float = above < -10 ? -10 : above
    let far = 1 - 2 / (exponential(2 * limited) + 1)
    let s = x * x
    var q: Float = 62.0 / 2835
    q = Unit.multiplyAdd(-17.0 / 315, q, s)
    q = Unit.multiplyAdd(2.0 / 15, q, s)
    q = Unit.multiplyAdd(-1.0 / 3, q, s)
    let near = Unit.multiplyAdd(x, x * s, q)
    return s < 0.05 ? near : far
  }
}
