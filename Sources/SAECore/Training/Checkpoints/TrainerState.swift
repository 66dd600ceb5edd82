/// All that a ``Trainer`` keeps from step to step: with it, and the same batches, another trainer of
/// the same settings makes the same steps, bit for bit.
package struct TrainerState: Sendable, Equatable {
  /// Steps made.
  package var step: Int
  /// Tokens trained on.
  package var tokens: Int
  /// The autoencoder's.
  package var parameters: ParameterSet
  /// ``TrainableAutoencoder/trainingState``
  package var model: [String: [Double]]
  /// The optimizer's moments and counts.
  package var optimizer: OptimizerState
  /// ``DeadLatents/sinceFiring``
  package var sinceFiring: [Int]
  /// How reconstructions have gone so far.
  var watch = DivergenceWatch()

  /// A state of the given parts.
  package init(
    step: Int, tokens: Int, parameters: ParameterSet, model: [String: [Double]],
    optimizer: OptimizerState, sinceFiring: [Int]
  ) {
    self.step = step
    self.tokens = tokens
    self.parameters = parameters
    self.model = model
    self.optimizer = optimizer
    self.sinceFiring = sinceFiring
  }
}

extension Trainer {
  /// What the trainer keeps from step to step; the learning rate, clipping and the batches are the
  /// caller's.
  package var state: TrainerState {
    var state = TrainerState(
      step: step, tokens: tokens, parameters: model.parameters, model: model.trainingState,
      optimizer: optimizer.state, sinceFiring: deadLatents.sinceFiring)
    state.watch = watch
    return state
  }

  /// Goes on from a state.
  ///
  /// - Parameter state: of a trainer of a model of the same settings and shapes, with the same kind of
  ///   optimizer and the same rule of dead latents.
  /// - Throws: ``ShapeError`` if the state is another model's or optimizer's, or has numbers that
  ///   cannot be; the trainer is then of no more use.
  package mutating func restore(_ state: TrainerState) throws(ShapeError) {
    let most = 1 << 62
    for (name, number) in [("step", state.step), ("tokens", state.tokens)] {
      guard number >= 0, number <= most else {
        throw ShapeError(name, "or more, and less than 2⁶²", expected: 0, found: number)
      }
    }
    try ShapeError.check(
      "silence", "latents", expected: deadLatents.sinceFiring.count, found: state.sinceFiring.count)
    if let wrong = state.sinceFiring.first(where: { $0 < 0 || $0 > most }) {
      throw ShapeError("silence", "or more, and less than 2⁶²", expected: 0, found: wrong)
    }
    model.parameters = try state.parameters.ordered(like: model.parameters)
    try model.restore(state.model)
    try optimizer.restore(state.optimizer)
    deadLatents = DeadLatents(sinceFiring: state.sinceFiring, rule: deadLatents.rule)
    (step, tokens, watch) = (state.step, state.tokens, state.watch)
  }
}
