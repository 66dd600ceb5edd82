extension ReLUAutoencoder: TrainableAutoencoder {
  public var decoderConstraint: DecoderConstraint { configuration.decoderConstraint }

  public func checkErrorWeights() throws(InvalidOption) {
    try InvalidOption.checkErrorWeights(
      configuration.reconstructionLoss, auxiliaryLoss: configuration.auxiliaryLoss)
  }

  /// The loss is the reconstruction error and the sparsity penalty times its coefficient, and the
  /// auxiliary loss if it is asked for and there are dead latents.
  public mutating func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    try check(batch)
    let inputs = centered(batch.activations)
    let panels = LatentPanels(
      inputs: inputs, encoder: parameters[.encoder], bias: parameters[.encoderBias].array,
      thresholds: zeros)
    if panels.isDense, !batch.deadLatents.rule.looksAtValues {
      return denseGradients(batch, panels, into: &gradients)
    }
    let latents = latents(of: inputs)
    let algebra = CodeAlgebra(latents)
    let pass = algebra.reconstructionPass(
      code: latents.values, decoder: dictionary, bias: parameters[.decoderBias].array,
      target: batch.target
    ).weighted(by: batch.errorWeights, latents)
    let factor = configuration.reconstructionLoss.factor(for: batch.target)
    let slope = Float(2 * factor)

    let weights = configuration.penalty.weightsByDecoderNorm
    let norms = weights ? dictionary.rowNorms() : []
    let penalty = configuration.penalty.evaluate(latents, norms: norms, annealing: &annealing)
    let coefficient = self.coefficient(at: batch.step)
    let lambda = Float(coefficient)
    let (values, slopes, projections) = (latents.values, penalty.slopes, pass.projections)
    let preActivations = latents.mapEntries { entry, _, _ in
      slope * projections[entry] + lambda * slopes[entry]
    }

    algebra.sumRows(
      pass.error, coefficients: latents.mapEntries { entry, _, _ in slope * values[entry] },
      into: &gradients[.decoder])
    if weights {
      // The penalty depends on z n alone, so n ∂/∂n = z ∂/∂z.
      let sums = latents.sumByLatent(
        latents.mapEntries { entry, _, latent in
          norms[latent] > 0 ? lambda * slopes[entry] * values[entry] / norms[latent] : 0
        })
      gradients.addNormGradients(sums, norms: norms, decoder: dictionary)
    }
    algebra.sumRows(inputs, coefficients: preActivations, into: &gradients[.encoder])
    var encoderBias = latents.sumByLatent(preActivations).map { Float($0) }
    let auxiliary = addAuxiliary(
      batch, inputs, error: pass.error, batch.deadLatents.activity(of: latents), into: &gradients,
      encoderBias: &encoderBias)
    gradients[.encoderBias] = .rowVector(encoderBias)
    gradients[.decoderBias] = parameters.decoderBiasGradient(
      error: pass.error, slope: Double(slope),
      preActivations: configuration.subtractsDecoderBias ? encoderBias : nil)
    return TrainingPass(
      losses: [
        LossTerm("reconstruction", factor * pass.squares.weighted),
        LossTerm("sparsity", coefficient * penalty.value),
      ] + auxiliary.losses, latents: latents, totalSquaredError: pass.totalSquaredError,
      deadCount: auxiliary.deadCount)
  }

  /// Adds the auxiliary loss of all dead latents, if it is asked for and there are any.
  ///
  /// - Parameter error: x̂ − y.
  func addAuxiliary(
    _ batch: TrainingBatch, _ inputs: Matrix, error: Matrix, _ activity: LatentActivity,
    into gradients: inout ParameterSet, encoderBias: inout [Float]
  ) -> (losses: [LossTerm], deadCount: Int) {
    guard let auxiliary = configuration.auxiliaryLoss else { return ([], 0) }
    let dead = batch.deadLatents.indices(during: activity)
    guard !dead.isEmpty else { return ([], 0) }
    let value = auxiliary.addGradients(
      dead: dead,
      scores: LatentScores(
        activations: inputs, encoder: parameters[.encoder],
        bias: parameters[.encoderBias].array), decoder: dictionary, error: error,
      target: batch.target, into: &gradients, encoderBias: &encoderBias)
    return ([LossTerm("auxiliary", value)], dead.count)
  }

  public var trainingState: [String: [Double]] { annealing.trainingState }

  public mutating func restore(_ trainingState: [String: [Double]]) throws(ShapeError) {
    try annealing.restore(trainingState)
  }

  public mutating func finishStep(_ pass: TrainingPass, step: Int) {
    annealing?.finishStep(step)
  }

  /// λ in force during a step, annealing included.
  func coefficient(at step: Int) -> Double {
    configuration.coefficient.value(at: step) * (annealing?.coefficientFactor ?? 1)
  }
}
