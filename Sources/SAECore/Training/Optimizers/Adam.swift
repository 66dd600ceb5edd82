import SAEKernels

/// The optimizer of all peers.
///
///     m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²
///     w ← w − η/(1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
///
/// Source: Kingma and Ba 2015, arXiv 1412.6980, algorithm 1.
package struct Adam: Optimizer, Equatable {
  /// Decay of the mean of the gradients.
  package let beta1: Float
  /// Decay of the mean of their squares.
  package let beta2: Float
  /// Added after the correction of the second moment.
  package let epsilon: Float

  /// Steps made.
  package private(set) var step: Int
  /// m
  package private(set) var firstMoments: ParameterSet
  /// v
  package private(set) var secondMoments: ParameterSet

  /// An optimizer that has made no step yet.
  package init(
    for parameters: ParameterSet, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    step = 0
    firstMoments = parameters.zeros()
    secondMoments = parameters.zeros()
  }

  package mutating func update(
    _ parameters: inout ParameterSet, gradients: ParameterSet, learningRate: Double,
    gradientScale: Double, decoderRowGuard: Float?
  ) {
    step += 1
    let factors = AdamFactors(
      gradientScale: Float(gradientScale), beta1: beta1, beta2: beta2,
      stepSize: Float(learningRate / correction(beta1)),
      inverseRootCorrection: Float(1 / correction(beta2).squareRoot()), epsilon: epsilon)
    for (position, name) in parameters.names.enumerated() {
      parameters[position].adamStep(
        gradient: gradients[name], first: &firstMoments[position],
        second: &secondMoments[position], factors: factors,
        rowNormGuard: name == .decoder ? decoderRowGuard : nil)
    }
  }

  package var state: OptimizerState {
    OptimizerState(
      parameters: ["first_moments": firstMoments, "second_moments": secondMoments],
      numbers: ["step": Double(step)])
  }

  package mutating func restore(_ state: OptimizerState) throws(ShapeError) {
    let number = try state.number("step")
    guard let step = Int(exactly: number), (0...1 << 53).contains(step) else {
      throw ShapeError("step", "or more, whole and at most 2⁵³", expected: 0, found: -1)
    }
    let first = try state.set("first_moments", like: firstMoments)
    secondMoments = try state.set("second_moments", like: secondMoments)
    firstMoments = first
    self.step = step
  }

  mutating func setMoments(_ first: ParameterSet, _ second: ParameterSet) {
    firstMoments = first
    secondMoments = second
  }

  /// 1 − βᵗ, in double: at β₂ = 0.999 and t = 1 float32 would keep four digits of it.
  private func correction(_ beta: Float) -> Double {
    // The decimal that was meant, not the float nearest to it.
    let exact = Double("\(beta)") ?? Double(beta)
    var power = 1.0
    var base = exact
    var exponent = step
    while exponent > 0 {
      if exponent & 1 == 1 { power *= base }
      base *= base
      exponent >>= 1
    }
    return 1 - power
  }
}
