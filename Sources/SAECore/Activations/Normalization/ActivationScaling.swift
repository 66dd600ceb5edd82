/// A normalization with its numbers, ready to be applied.
public enum ActivationScaling: Sendable, Equatable {
  /// Nothing is changed.
  case identity
  /// f x
  case factor(Double)
  /// f (x − c)
  case centered(factor: Double, center: [Double])
  /// (x − m) M
  case whitening(Whitening)
  /// (x − μ)/(σ + 10⁻⁵) with the token's own μ and σ; back: σ x̂ + μ. The divisor of σ² is width − 1.
  case layerNorm
  /// f x with the token's own f = √width/‖x‖; back: x̂/f. A token that is 0 keeps its scale.
  case constantNorm

  /// Whether it can be folded into an autoencoder's weights.
  public var isFoldable: Bool {
    switch self {
    case .identity, .factor, .centered, .whitening: true
    case .layerNorm, .constantNorm: false
    }
  }

  /// Scales activations, tokens × width.
  ///
  /// - Throws: ``ShapeError`` if a center or a whitening is of another width.
  public func scale(_ activations: Matrix) throws(ShapeError) -> ScaledActivations {
    switch self {
    case .identity:
      return ScaledActivations(activations: activations, restoration: .identity)
    case .factor(let factor):
      var scaled = activations
      scaled.scaleRows(by: [Float](repeating: Float(factor), count: activations.rows))
      let back = [Float](repeating: Float(1 / factor), count: activations.rows)
      return ScaledActivations(
        activations: scaled, restoration: .rows(factors: back, shifts: nil))
    case .centered(let factor, let center):
      try ShapeError.check(
        "activations", "columns", expected: center.count, found: activations.columns)
      var scaled = activations
      scaled.center(at: center, times: factor)
      return ScaledActivations(
        activations: scaled, restoration: .centered(factor: factor, center: center))
    case .whitening(let whitening):
      try ShapeError.check(
        "activations", "columns", expected: whitening.dimension, found: activations.columns)
      return ScaledActivations(
        activations: whitening.applied(to: activations), restoration: .whitening(whitening))
    case .layerNorm: return standardized(activations)
    case .constantNorm:
      let length = Float(activations.columns).squareRoot()
      let norms = activations.rowNorms()
      // Of a norm so small that no number is the factor, the largest is.
      let factors = norms.map { $0 > 0 ? min(length / $0, .greatestFiniteMagnitude) : 1 }
      var scaled = activations
      scaled.scaleRows(by: factors)
      return ScaledActivations(
        activations: scaled, restoration: .rows(factors: factors.map { 1 / $0 }, shifts: nil))
    }
  }

  private func standardized(_ activations: Matrix) -> ScaledActivations {
    let width = Float(activations.columns)
    let means = activations.rowSums().map { $0 / width }
    var scaled = activations
    scaled.scaleRows(
      by: [Float](repeating: 1, count: activations.rows), adding: means.map { -$0 })
    // A width of 1 has a deviation of 0, not 0/0.
    let divisor = max(1, width - 1).squareRoot()
    let deviations = scaled.rowNorms().map { $0 / divisor }
    scaled.scaleRows(by: deviations.map { 1 / ($0 + 1e-5) })
    return ScaledActivations(
      activations: scaled, restoration: .rows(factors: deviations, shifts: means))
  }
}

/// Scaled activations, and the way back for what an autoencoder makes of them.
public struct ScaledActivations: Sendable {
  /// tokens × width
  public let activations: Matrix
  let restoration: Restoration

  enum Restoration: Sendable {
    case identity
    /// Each token's factor and shift.
    case rows(factors: [Float], shifts: [Float]?)
    case centered(factor: Double, center: [Double])
    case whitening(Whitening)
  }

  /// A reconstruction in the original units.
  ///
  /// - Throws: ``ShapeError`` if it has another number of tokens, or does not fit the center or the
  ///   whitening.
  public func restored(_ reconstruction: Matrix) throws(ShapeError) -> Matrix {
    try ShapeError.check(
      "reconstruction", "tokens", expected: activations.rows, found: reconstruction.rows)
    switch restoration {
    case .identity: return reconstruction
    case .rows(let factors, let shifts):
      var result = reconstruction
      result.scaleRows(by: factors, adding: shifts)
      return result
    case .centered(let factor, let center):
      try ShapeError.check(
        "reconstruction", "columns", expected: center.count, found: reconstruction.columns)
      var result = reconstruction
      result.scale(by: Float(1 / factor))
      result.addToRows(center.map { Float($0) })
      return result
    case .whitening(let whitening):
      try ShapeError.check(
        "reconstruction", "columns", expected: whitening.dimension, found: reconstruction.columns)
      return whitening.reverted(from: reconstruction)
    }
  }

  /// What multiplies each token's squared error at the common scale to give that in the original units:
  /// the square of the factor on the way back. nil for a whitening, which has no such number.
  ///
  /// For the layer norm it is σ², which is exact except for the 10⁻⁵ that is added to σ on the way in.
  public var errorWeights: [Float]? {
    switch restoration {
    case .identity: [Float](repeating: 1, count: activations.rows)
    case .rows(let factors, _): factors.map { $0 * $0 }
    case .centered(let factor, _):
      [Float](repeating: Float(1 / (factor * factor)), count: activations.rows)
    case .whitening: nil
    }
  }

  /// The gradient of a loss by the reconstruction before ``restored(_:)``, from that by the
  /// reconstruction after it: for training where the loss is in the original units.
  ///
  /// - Throws: ``ShapeError`` as ``restored(_:)`` does.
  package func gradientBeforeRestoration(_ gradient: Matrix) throws(ShapeError) -> Matrix {
    try ShapeError.check(
      "gradient", "tokens", expected: activations.rows, found: gradient.rows)
    switch restoration {
    case .identity: return gradient
    case .rows(let factors, _):
      var result = gradient
      result.scaleRows(by: factors)
      return result
    case .centered(let factor, _):
      var result = gradient
      result.scale(by: Float(1 / factor))
      return result
    case .whitening(let whitening):
      try ShapeError.check(
        "gradient", "columns", expected: whitening.dimension, found: gradient.columns)
      return whitening.gradientBeforeReversion(gradient)
    }
  }
}

extension Matrix {
  /// (row − center) · factor for every row.
  mutating func center(at center: [Double], times factor: Double) {
    addToRows(center.map { Float(-$0) })
    scale(by: Float(factor))
  }
}
