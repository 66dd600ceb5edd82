/// An optimizer whose averaged parameters are an exponential average over the steps of another one:
///
///     a ← d a + (1 − d) w      averaged: a / (1 − dᵗ)
///
/// a begins at 0; w are the parameters before the step's update.
///
/// Source: OpenAI's `ema_multiplier`, 0.999 (Gao et al. 2024, arXiv 2406.04093, appendix A.5).
package struct AveragedOptimizer: Optimizer {
  /// What changes the parameters.
  package private(set) var base: any Optimizer
  /// d
  package let decay: Double
  /// a
  package private(set) var average: ParameterSet
  /// t
  package private(set) var averagedSteps = 0

  /// An average that has seen no step yet.
  ///
  /// - Throws: ``OptionError`` if the decay is not at least 0 and below 1.
  package init(
    _ base: any Optimizer, decay: Double = 0.999, for parameters: ParameterSet
  ) throws(OptionError) {
    guard decay >= 0, decay < 1 else {
      throw OptionError(
        "averagingDecay", expected: "a number of at least 0 and below 1", found: "\(decay)")
    }
    self.base = base
    self.decay = decay
    average = parameters.zeros()
  }

  package mutating func update(
    _ parameters: inout ParameterSet, gradients: ParameterSet, learningRate: Double,
    gradientScale: Double, decoderRowGuard: Float?
  ) {
    for (position, name) in average.names.enumerated() {
      average[position].scale(by: Float(decay))
      average[position].add(parameters[name], times: Float(1 - decay))
    }
    averagedSteps += 1
    base.update(
      &parameters, gradients: gradients, learningRate: learningRate, gradientScale: gradientScale,
      decoderRowGuard: decoderRowGuard)
  }

  /// a / (1 − dᵗ); before the first step, what the base has.
  package func averagedParameters(_ parameters: ParameterSet) -> ParameterSet {
    guard averagedSteps > 0 else { return base.averagedParameters(parameters) }
    var power = 1.0
    for _ in 0..<averagedSteps where power > 0 { power *= decay }
    var finished = parameters
    for (position, name) in parameters.names.enumerated() {
      finished[position] = average[name]
      finished[position].scale(by: Float(1 / (1 - power)))
    }
    return finished
  }

  package var state: OptimizerState {
    var state = base.state
    state.parameters["average"] = average
    state.numbers["averaged_steps"] = Double(averagedSteps)
    return state
  }

  package mutating func restore(_ state: OptimizerState) throws(ShapeError) {
    let number = try state.number("averaged_steps")
    guard let steps = Int(exactly: number), (0...1 << 53).contains(steps) else {
      throw ShapeError("averaged_steps", "or more, whole and at most 2⁵³", expected: 0, found: -1)
    }
    let stored = try state.set("average", like: average)
    try base.restore(state)
    average = stored
    averagedSteps = steps
  }
}
