/// Sign descent within a schedule-free average, which takes the place of a decay of the learning rate:
/// sparsify's default.
///
///     x = y + (1 − 1/m)(z − y)      z ← z − η sign g      c = η² / Σ η²
///     x ← x + c (z − x)             y ← x + (1 − m)(z − x)
///
/// Gradients g are taken at y, the parameters that are trained; x, the average, is evaluated and kept.
///
/// Source: Bernstein et al. 2018, arXiv 1802.04434 (sign descent); Defazio et al. 2024,
/// arXiv 2405.15682, section 2 (schedule-free averaging).
package struct ScheduleFreeSignDescent: Optimizer, Equatable {
  /// m
  package let momentum: Float
  /// z
  package private(set) var fast: ParameterSet
  /// Σ η²
  package private(set) var totalWeight = 0.0

  /// An optimizer that has made no step yet.
  ///
  /// - Precondition: the momentum is above 0 and at most 1.
  package init(for parameters: ParameterSet, momentum: Float = 0.95) {
    precondition(momentum > 0 && momentum <= 1, "a momentum of \(momentum)")
    self.momentum = momentum
    fast = parameters
  }

  package mutating func update(
    _ parameters: inout ParameterSet, gradients: ParameterSet, learningRate: Double,
    gradientScale: Double, decoderRowGuard: Float?
  ) {
    let weight = learningRate * learningRate
    totalWeight += weight
    let share = totalWeight > 0 ? weight / totalWeight : 0
    for (position, name) in parameters.names.enumerated() {
      parameters[position].signStep(
        gradient: gradients[name], fast: &fast[position], learningRate: Float(learningRate),
        momentum: momentum, share: Float(share))
      if name == .decoder, let decoderRowGuard {
        parameters[position].normalizeRows(normGuard: decoderRowGuard)
      }
    }
  }

  package var state: OptimizerState {
    OptimizerState(parameters: ["fast": fast], numbers: ["total_weight": totalWeight])
  }

  package mutating func restore(_ state: OptimizerState) throws(ShapeError) {
    let weight = try state.number("total_weight")
    fast = try state.set("fast", like: fast)
    totalWeight = weight
  }

  /// x
  package func averagedParameters(_ parameters: ParameterSet) -> ParameterSet {
    var average = parameters
    for (position, name) in parameters.names.enumerated() {
      average[position].scale(by: 1 / momentum)
      average[position].add(fast[name], times: 1 - 1 / momentum)
    }
    return average
  }
}
