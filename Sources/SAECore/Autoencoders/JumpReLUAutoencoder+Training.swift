extension JumpReLUAutoencoder: TrainableAutoencoder {
  public var decoderConstraint: DecoderConstraint { configuration.decoderConstraint }

  public func checkErrorWeights() throws(InvalidOption) {
    try InvalidOption.checkErrorWeights(
      configuration.reconstructionLoss, auxiliaryLoss: configuration.auxiliaryLoss)
  }

  /// The loss is the reconstruction error, the sparsity term, and the auxiliary and the pre-activation
  /// loss if they are asked for and there are latents that they are about.
  public mutating func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    try check(batch)
    if configuration.parametrization == .clamped {
      parameters[.threshold] = .rowVector(parameters[.threshold].array.map { max($0, 0) })
    }
    let inputs = centered(batch.activations)
    let panels = LatentPanels(
      inputs: inputs, encoder: parameters[.encoder], bias: parameters[.encoderBias].array,
      thresholds: windowBounds)
    if panels.isDense, !batch.deadLatents.rule.looksAtValues {
      return denseGradients(batch, panels, into: &gradients)
    }
    let entries = entries(of: inputs)
    let latents = entries.latents
    let algebra = CodeAlgebra(latents)
    let pass = algebra.reconstructionPass(
      code: latents.values, decoder: dictionary, bias: parameters[.decoderBias].array,
      target: batch.target
    ).weighted(by: batch.errorWeights, latents)
    let factor = configuration.reconstructionLoss.factor(for: batch.target)
    let slope = Float(2 * factor)
    norms = dictionary.rowNorms()
    let projections = pass.projections
    let slopes = latents.mapEntries { entry, _, _ in slope * projections[entry] }
    let sparsity = configuration.sparsity(
      entries, coefficient: configuration.coefficient.value(at: batch.step), norms: norms,
      slopes: slopes)
    let activity = batch.deadLatents.activity(of: latents)
    let revived = revivedLatents(of: batch, activity)
    let revival = configuration.preActivationLoss.flatMap { loss in
      revived.isEmpty ? nil : Revival(loss, revived, entries, inputs, parameters, norms: norms)
    }
    let estimated = estimatedGradients(
      entries, slopes: slopes, sparsity: sparsity, revival: revival)
    let values = latents.values
    algebra.sumRows(
      pass.error, coefficients: latents.mapEntries { entry, _, _ in slope * values[entry] },
      into: &gradients[.decoder])
    algebra.sumRows(inputs, coefficients: estimated.preActivations, into: &gradients[.encoder])
    return finish(
      batch, inputs: inputs, error: pass.error, squares: pass.squares,
      sparsity: sparsity.value, activity: activity, latents: latents,
      revival: revival, revivedCount: revived.count,
      encoderBias: latents.sumByLatent(estimated.preActivations),
      thresholds: estimated.thresholds, normSlopes: sparsity.normSlopes, into: &gradients)
  }

  /// The auxiliary and the pre-activation loss, and the gradients of the vectors.
  ///
  /// - Parameters:
  ///   - error: x̂ − y, times the tokens' weights.
  ///   - squares: of x̂ − y.
  ///   - latents: nil where they were not held.
  ///   - encoderBias: Σ over tokens of the gradients of the pre-activations so far.
  ///   - thresholds: their gradients so far.
  func finish(
    _ batch: TrainingBatch, inputs: Matrix, error: Matrix, squares: ErrorSquares,
    sparsity: Double, activity: LatentActivity, latents: SparseLatents?, revival: Revival?,
    revivedCount: Int, encoderBias: [Double], thresholds: [Double], normSlopes: [Double]?,
    into gradients: inout ParameterSet
  ) -> TrainingPass {
    let factor = configuration.reconstructionLoss.factor(for: batch.target)
    var losses = [
      LossTerm("reconstruction", factor * squares.weighted), LossTerm("sparsity", sparsity),
    ]
    var (encoderBias, thresholds, normSlopes) = (encoderBias, thresholds, normSlopes)
    let dead =
      configuration.auxiliaryLoss == nil ? [] : batch.deadLatents.indices(during: activity)
    if let auxiliary = configuration.auxiliaryLoss, !dead.isEmpty {
      var sums = [Float](repeating: 0, count: latentCount)
      let value = auxiliary.addGradients(
        dead: dead,
        scores: LatentScores(
          activations: inputs, encoder: parameters[.encoder],
          bias: parameters[.encoderBias].array), decoder: dictionary, error: error,
        target: batch.target, into: &gradients, encoderBias: &sums)
      for latent in dead { encoderBias[latent] += Double(sums[latent]) }
      losses.append(LossTerm("auxiliary", value))
    }
    if let revival {
      losses.append(LossTerm("pre-activation", revival.value))
      revival.add(
        to: &gradients, encoderBias: &encoderBias, thresholds: &thresholds,
        normSlopes: &normSlopes)
    }
    if let normSlopes { gradients.addNormGradients(normSlopes, norms: norms, decoder: dictionary) }

    let bias = encoderBias.map { Float($0) }
    gradients[.encoderBias] = .rowVector(bias)
    gradients[configuration.parametrization.name] = .rowVector(
      configuration.parametrization == .logarithmic
        ? zip(self.thresholds, thresholds).map { Double($0) * $1 } : thresholds)
    gradients[.decoderBias] = parameters.decoderBiasGradient(
      error: error, slope: Double(Float(2 * factor)),
      preActivations: configuration.subtractsDecoderBias ? bias : nil)
    let deadCount = max(revivedCount, dead.count)
    guard let latents else {
      return TrainingPass(
        losses: losses, activity: activity, totalSquaredError: squares.total,
        deadCount: deadCount)
    }
    return TrainingPass(
      losses: losses, latents: latents, totalSquaredError: squares.total,
      deadCount: deadCount)
  }

  /// Everything above the threshold or in the estimator's window.
  private func entries(of inputs: Matrix) -> JumpEntries {
    JumpEntries(
      preActivations(of: inputs, above: windowBounds), thresholds: thresholds,
      bandwidth: configuration.bandwidth)
  }

  /// Where the estimator's windows begin; a unit in the last place lower, so that rounding keeps
  /// nothing of a window out.
  private var windowBounds: [Float] {
    thresholds.map { ($0 - configuration.bandwidth / 2).nextDown }
  }

  /// The latents that the pre-activation loss is about.
  func revivedLatents(of batch: TrainingBatch, _ activity: LatentActivity) -> [Int] {
    guard let loss = configuration.preActivationLoss else { return [] }
    return loss.isForDeadLatents
      ? batch.deadLatents.indices(during: activity) : Array(0..<latentCount)
  }

  /// The gradients of the pre-activations of all entries, and of the thresholds, by the
  /// straight-through rules.
  private func estimatedGradients(
    _ entries: JumpEntries, slopes: [Float], sparsity: JumpSparsity, revival: Revival?
  ) -> (preActivations: [Float], thresholds: [Double]) {
    let (h, z) = (entries.preActivations.values, entries.latents.values)
    let (thresholds, bandwidth) = (entries.thresholds, entries.bandwidth)
    let (latentSlopes, stepSlopes) = (sparsity.latentSlopes, sparsity.stepSlopes)
    let estimator = configuration.estimator
    let code = entries.latents.mapEntries { entry, _, _ in
      slopes[entry] + (latentSlopes?[entry] ?? 0)
    }
    // Minus the threshold's gradient; the pre-activation gets the same where the estimator reaches it.
    let jumps = entries.latents.mapEntries { entry, token, latent in
      let threshold = thresholds[latent]
      let near = JumpEntries.isInWindow(h[entry], threshold, bandwidth)
      var jump = near ? threshold / bandwidth * code[entry] : 0
      if let stepSlopes {
        let counts =
          estimator == .thresholdByLatents
          ? h[entry] > threshold && JumpEntries.isInWindow(z[entry], threshold, bandwidth) : near
        if counts { jump += stepSlopes[token] / bandwidth }
      }
      return jump
    }
    let correction = revival?.entryGradients
    let reachesInput = estimator == .thresholdAndInput
    let preActivations = entries.latents.mapEntries { entry, _, latent in
      var gradient = h[entry] > thresholds[latent] ? code[entry] : 0
      if reachesInput { gradient += jumps[entry] }
      if let correction, h[entry] >= thresholds[latent] { gradient += correction[latent] }
      return gradient
    }
    var sums = entries.latents.sumByLatent(jumps).map { -$0 }
    if estimator == .thresholdByLatents, let stepSlopes {
      addSilent(entries, stepSlopes, to: &sums)
    }
    return (preActivations, sums)
  }

  /// The part of silent tokens, z = 0, where 0 lies in the window around z's threshold.
  private func addSilent(_ entries: JumpEntries, _ stepSlopes: [Float], to sums: inout [Double]) {
    let bandwidth = entries.bandwidth
    let thresholds = entries.thresholds
    guard thresholds.contains(where: { JumpEntries.isInWindow(0, $0, bandwidth) }) else { return }
    let h = entries.preActivations.values
    let total = stepSlopes.reduce(0) { $0 + Double($1) }
    let active = entries.latents.sumByLatent(
      entries.latents.mapEntries { entry, token, latent in
        h[entry] > thresholds[latent] ? stepSlopes[token] : 0
      })
    for latent in sums.indices where JumpEntries.isInWindow(0, thresholds[latent], bandwidth) {
      sums[latent] -= (total - active[latent]) / Double(bandwidth)
    }
  }
}
