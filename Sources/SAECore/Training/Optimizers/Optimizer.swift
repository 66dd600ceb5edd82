/// What changes parameters by their gradients.
package protocol Optimizer: Sendable {
  /// Changes the parameters by one step.
  ///
  /// - Parameters:
  ///   - parameters: what is changed.
  ///   - gradients: of the same names and shapes.
  ///   - learningRate: the step's learning rate.
  ///   - gradientScale: multiplies every gradient first; positive.
  ///   - decoderRowGuard: if given, decoder rows are then divided by their norm plus this.
  mutating func update(
    _ parameters: inout ParameterSet, gradients: ParameterSet, learningRate: Double,
    gradientScale: Double, decoderRowGuard: Float?
  )

  /// The parameters to evaluate and keep, where these are others than those that are trained at. The
  /// same by default.
  func averagedParameters(_ parameters: ParameterSet) -> ParameterSet

  /// All that it keeps from step to step.
  var state: OptimizerState { get }

  /// Goes on from a state.
  ///
  /// - Throws: ``ShapeError`` if it is another optimizer's or does not fit the parameters.
  mutating func restore(_ state: OptimizerState) throws(ShapeError)
}

extension Optimizer {
  package func averagedParameters(_ parameters: ParameterSet) -> ParameterSet { parameters }
}

/// An optimizer by name, for settings.
public enum OptimizerChoice: Sendable, Equatable, Codable {
  /// Adam (Kingma & Ba 2014, arXiv 1412.6980): β₁ is 0 for Gated and JumpReLU in dictionary_learning, ε 6.25e-10 in OpenAI's trainer.
  case adam(beta1: Float = 0.9, epsilon: Float = 1e-8)
  /// Schedule-free sign descent, which needs neither warm-up nor decay of the learning rate.
  case scheduleFreeSignDescent
  /// Muon, momentum whose matrices are made nearly orthogonal before each step: sparsify.
  case muon(momentum: Float = 0.95, weightDecay: Double = 0.1)

  /// The optimizer of parameters that begin as given.
  package func optimizer(for parameters: ParameterSet) -> any Optimizer {
    switch self {
    case .adam(let beta1, let epsilon):
      Adam(for: parameters, beta1: beta1, epsilon: epsilon)
    case .scheduleFreeSignDescent: ScheduleFreeSignDescent(for: parameters)
    case .muon(let momentum, let weightDecay):
      Muon(for: parameters, momentum: momentum, weightDecay: weightDecay)
    }
  }

  /// The peak learning rate when none is given: the variant's own for Adam, else the optimizer's.
  func learningRate(
    _ configuration: some AutoencoderConfiguration, latentCount: Int, steps: Int
  ) -> Double {
    switch self {
    case .adam: configuration.learningRate(latentCount: latentCount, steps: steps)
    case .scheduleFreeSignDescent: AutomaticLearningRate.signDescent(latentCount: latentCount)
    case .muon: AutomaticLearningRate.muon
    }
  }

  /// Throws if a number makes no sense.
  func check() throws(OptionError) {
    switch self {
    case .adam(let beta1, let epsilon):
      guard beta1 >= 0, beta1 < 1 else {
        throw OptionError(
          "beta1", expected: "a number of at least 0 and below 1", found: "\(beta1)")
      }
      try OptionError.checkNotNegative("epsilon", Double(epsilon))
    case .scheduleFreeSignDescent: return
    case .muon(let momentum, let weightDecay):
      guard momentum >= 0, momentum < 1 else {
        throw OptionError(
          "momentum", expected: "a number of at least 0 and below 1", found: "\(momentum)")
      }
      try OptionError.checkNotNegative("weightDecay", weightDecay)
    }
  }
}
