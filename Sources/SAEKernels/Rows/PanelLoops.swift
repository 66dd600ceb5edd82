/// Element-wise loops over the latents of one token, for batches whose latents are dense: `n` floats per
/// pointer, written a scalar at a time without branches as in ``ActivationLoops``.
public enum PanelLoops<Unit: VectorUnit> {
  /// x = max(x + bias, 0)
  @inlinable @inline(__always)
  public static func biasedReLU(
    _ n: Int, _ bias: UnsafePointer<Float>, _ x: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n {
      let sum = x[i] + bias[i]
      x[i] = sum > 0 ? sum : 0
    }
  }

  /// gradient = z > 0 ? gradient + shift : 0
  @inlinable @inline(__always)
  public static func passPositive(
    _ n: Int, _ z: UnsafePointer<Float>, _ shift: UnsafePointer<Float>,
    _ gradient: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n {
      let sum = gradient[i] + shift[i]
      gradient[i] = z[i] > 0 ? sum : 0
    }
  }

  /// counts += 1 where x ≠ 0
  @inlinable @inline(__always)
  public static func countNonZero(
    _ n: Int, _ x: UnsafePointer<Float>, _ counts: UnsafeMutablePointer<Int32>
  ) {
    for i in 0..<n { counts[i] &+= x[i] != 0 ? 1 : 0 }
  }

  /// A gated unit: a = max(p + gateBias, 0); z = a > 0 ? max(p · scale + magnitudeBias, 0) : 0
  @inlinable @inline(__always)
  public static func gates(
    _ n: Int, _ p: UnsafePointer<Float>, gateBias: UnsafePointer<Float>,
    scale: UnsafePointer<Float>, magnitudeBias: UnsafePointer<Float>,
    _ a: UnsafeMutablePointer<Float>, _ z: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n {
      a[i] = GateElement.gate(p[i], bias: gateBias[i])
      z[i] = GateElement.latent(
        p[i], gateBias: gateBias[i], scale: scale[i], magnitudeBias: magnitudeBias[i])
    }
  }

  /// The gradients of a gated unit: of m where z > 0, of g where a > 0; then z becomes the gradient of
  /// p, g + m · scale, and p becomes m · p · scale.
  @inlinable @inline(__always)
  public static func gateGradients(
    _ n: Int, _ a: UnsafePointer<Float>, scale: UnsafePointer<Float>,
    _ m: UnsafeMutablePointer<Float>, _ g: UnsafeMutablePointer<Float>,
    _ z: UnsafeMutablePointer<Float>, _ p: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<n {
      m[i] = z[i] > 0 ? m[i] : 0
      g[i] = a[i] > 0 ? g[i] : 0
      let scaled = m[i] * scale[i]
      z[i] = g[i] + scaled
      p[i] = scaled * p[i]
    }
  }
}

/// A gated unit, whose loops over entries are not kernels.
public enum GateElement {
  /// max(p + bias, 0)
  @inlinable @inline(__always)
  public static func gate(_ p: Float, bias: Float) -> Float {
    let sum = p + bias
    return sum > 0 ? sum : 0
  }

  /// p + gateBias > 0 ? max(p · scale + magnitudeBias, 0) : 0
  @inlinable @inline(__always)
  public static func latent(
    _ p: Float, gateBias: Float, scale: Float, magnitudeBias: Float
  ) -> Float {
    let magnitude = p * scale + magnitudeBias
    return (p + gateBias > 0 ? 1 : 0) * (magnitude > 0 ? magnitude : 0)
  }
}
