/// All that a ``Trainer`` keeps from step to step: with it, and the same batches, another trainer of
/// the same settings makes the same steps, bit for bit.
public struct TrainerState: Sendable, Equatable {
  /// Steps made.
  public var step: Int
  /// Tokens trained on.
  public var tokens: Int
  /// The autoencoder's.
  public var parameters: ParameterSet
  /// ``TrainableAutoencoder/trainingState``
  public var model: [String: [Double]]
  /// The optimizer's moments and counts.
  public var optimizer: OptimizerState
  /// ``DeadLatents/silence``
  public var silence: [Int]
  /// How reconstructions have gone so far.
  var watch = DivergenceWatch()

  /// A state of the given parts.
  public init(
    step: Int, tokens: Int, parameters: ParameterSet, model: [String: [Double]],
    optimizer: OptimizerState, silence: [Int]
  ) {
    self.step = step
    self.tokens = tokens
    self.parameters = parameters
    self.model = model
    self.optimizer = optimizer
    self.silence = silence
  }
}

/// What an optimizer keeps from step to step.
public struct OptimizerState: Sendable, Equatable {
  /// What it keeps for each parameter, such as moments; names without dots.
  public var parameters: [String: ParameterSet]
  /// Other numbers; names without dots.
  public var numbers: [String: Double]

  /// A state of the given parts.
  public init(parameters: [String: ParameterSet], numbers: [String: Double]) {
    self.parameters = parameters
    self.numbers = numbers
  }

  /// The set of a name, checked against another and in its order.
  ///
  /// - Throws: ``ShapeError`` if it is missing or does not fit.
  public func set(_ name: String, like other: ParameterSet) throws(ShapeError) -> ParameterSet {
    try ShapeError.check(
      name, "sets of parameters", expected: 1, found: parameters[name] == nil ? 0 : 1)
    return try (parameters[name] ?? other).ordered(like: other)
  }

  /// The number of a name.
  ///
  /// - Throws: ``ShapeError`` if it is missing.
  public func number(_ name: String) throws(ShapeError) -> Double {
    guard let number = numbers[name] else {
      throw ShapeError(name, "numbers", expected: 1, found: 0)
    }
    return number
  }
}

extension ParameterSet {
  /// The same parameters in the order of another set.
  ///
  /// - Throws: ``ShapeError`` unless both have the same names and shapes.
  func ordered(like other: ParameterSet) throws(ShapeError) -> ParameterSet {
    for name in names {
      try ShapeError.check(
        "\(name)", "matrices", expected: other.contains(name) ? 1 : 0, found: 1)
    }
    var ordered = other
    for (position, name) in other.names.enumerated() {
      try ShapeError.check("\(name)", "matrices", expected: 1, found: contains(name) ? 1 : 0)
      let (wanted, found) = (other[position], self[name])
      try ShapeError.check("\(name)", "rows", expected: wanted.rows, found: found.rows)
      try ShapeError.check("\(name)", "columns", expected: wanted.columns, found: found.columns)
      ordered[position] = found
    }
    return ordered
  }
}

extension Trainer {
  /// What the trainer keeps from step to step; the learning rate, clipping and the batches are the
  /// caller's.
  public var state: TrainerState {
    var state = TrainerState(
      step: step, tokens: tokens, parameters: model.parameters, model: model.trainingState,
      optimizer: optimizer.state, silence: deadLatents.silence)
    state.watch = watch
    return state
  }

  /// A trainer that goes on from a state.
  ///
  /// - Parameters:
  ///   - model: of the settings and the shapes that the state belongs to; its parameters give way.
  ///   - optimizer: the kind of optimizer that was at work.
  ///   - clipping: what is done to gradients that are too large.
  ///   - deadLatents: gives the rule; its counters give way.
  ///   - state: what was saved.
  /// - Throws: ``ShapeError`` if the state is another model's or optimizer's, or has numbers that
  ///   cannot be.
  public init(
    _ model: Model, optimizer: (any Optimizer)? = nil, clipping: GradientClipping = .globalNorm(1),
    deadLatents: DeadLatents, from state: TrainerState
  ) throws(ShapeError) {
    let most = 1 << 62
    for (name, number) in [("step", state.step), ("tokens", state.tokens)] {
      guard number >= 0, number <= most else {
        throw ShapeError(name, "or more, and less than 2⁶²", expected: 0, found: number)
      }
    }
    try ShapeError.check(
      "silence", "latents", expected: deadLatents.silence.count, found: state.silence.count)
    if let wrong = state.silence.first(where: { $0 < 0 || $0 > most }) {
      throw ShapeError("silence", "or more, and less than 2⁶²", expected: 0, found: wrong)
    }
    var model = model
    model.parameters = try state.parameters.ordered(like: model.parameters)
    try model.restore(state.model)
    var optimizer = optimizer ?? Adam(for: model.parameters)
    try optimizer.restore(state.optimizer)
    self.init(
      model, optimizer: optimizer, clipping: clipping,
      deadLatents: DeadLatents(silence: state.silence, rule: deadLatents.rule), step: state.step,
      tokens: state.tokens, watch: state.watch)
  }
}
