/// The constants of one step of Adam, the same for all parameters of a model.
public struct AdamFactors: Sendable {
  /// Multiplies every gradient first (clipping by the global norm).
  public var gradientScale: Float
  public var beta1: Float
  public var beta2: Float
  /// learning rate / (1 − β₁ᵗ)
  public var stepSize: Float
  /// 1 / √(1 − β₂ᵗ)
  public var inverseRootCorrection: Float
  public var epsilon: Float

  public init(
    gradientScale: Float, beta1: Float, beta2: Float, stepSize: Float,
    inverseRootCorrection: Float, epsilon: Float
  ) {
    self.gradientScale = gradientScale
    self.beta1 = beta1
    self.beta2 = beta2
    self.stepSize = stepSize
    self.inverseRootCorrection = inverseRootCorrection
    self.epsilon = epsilon
  }
}

/// Adam, in one pass over parameters, gradients and moments.
///
///     m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²
///     w ← w − η/(1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
///
/// Source: Kingma and Ba 2015, arXiv 1412.6980, algorithm 1; ε after the correction of v.
public enum AdamLoop<Unit: VectorUnit> {
  @inlinable @inline(__always)
  public static func run(
    _ n: Int, _ factors: AdamFactors, gradient: UnsafePointer<Float>,
    parameter: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
    second: UnsafeMutablePointer<Float>
  ) {
    // Copied out of the structure: read through a pointer they might alias the memory that the loop
    // writes.
    let scale = factors.gradientScale
    let stepSize = factors.stepSize
    let correction = factors.inverseRootCorrection
    let epsilon = factors.epsilon
    let keep1 = factors.beta1
    let keep2 = factors.beta2
    let add1 = 1 - keep1
    let add2 = 1 - keep2
    for i in 0..<n {
      let g = gradient[i] * scale
      let m = Unit.multiplyAdd(first[i] * keep1, g, add1)
      let v = Unit.multiplyAdd(second[i] * keep2, g * g, add2)
      first[i] = m
      second[i] = v
      let denominator = v.squareRoot() * correction + epsilon
      parameter[i] -= m * stepSize / denominator
    }
  }
}
