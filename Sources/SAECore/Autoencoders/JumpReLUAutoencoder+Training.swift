import Foundation

extension JumpReLUAutoencoder: TrainableAutoencoder {
  public var decoderConstraint: DecoderConstraint { configuration.decoderConstraint }

  /// The loss is the reconstruction error, the sparsity term, and the pre-activation loss if it is
  /// asked for and there are latents that it is about.
  public mutating func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    try check(batch)
    if configuration.parametrization == .clamped {
      parameters[.threshold] = .rowVector(parameters[.threshold].array.map { max($0, 0) })
    }
    let inputs = centered(batch.activations)
    let entries = entries(of: inputs)
    let latents = entries.latents
    let algebra = CodeAlgebra(latents)
    let pass = algebra.reconstructionPass(
      code: latents.values, decoder: dictionary, bias: parameters[.decoderBias].array,
      target: batch.target)
    let factor = configuration.reconstructionLoss.factor(for: batch.target)
    let slope = Float(2 * factor)
    let norms = dictionary.rowNorms()
    let coefficient = configuration.coefficient.value(at: batch.step)
    let sparsity = configuration.sparsity(entries, coefficient: coefficient, norms: norms)
    var losses = [
      LossTerm("reconstruction", factor * pass.totalSquaredError),
      LossTerm("sparsity", sparsity.value),
    ]

    activeShare = entries.activeByToken().reduce(0, +) / Double(max(1, latents.tokens))
    let revived = revivedLatents(of: batch, latents)
    let revival = configuration.preActivationLoss.flatMap { loss in
      revived.isEmpty ? nil : Revival(loss, revived, entries, inputs, parameters, norms: norms)
    }
    let estimated = estimatedGradients(
      entries, projections: pass.projections, slope: slope, sparsity: sparsity, revival: revival)
    let values = latents.values
    algebra.sumRows(
      pass.error, coefficients: latents.mapEntries { entry, _, _ in slope * values[entry] },
      into: &gradients[.decoder])
    algebra.sumRows(inputs, coefficients: estimated.preActivations, into: &gradients[.encoder])
    var encoderBias = latents.sumByLatent(estimated.preActivations)
    var thresholds = estimated.thresholds
    var normSlopes = sparsity.normSlopes
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
        ? zip(entries.thresholds, thresholds).map { Double($0) * $1 } : thresholds)
    gradients[.decoderBias] = parameters.decoderBiasGradient(
      error: pass.error, slope: Double(slope),
      preActivations: configuration.subtractsDecoderBias ? bias : nil)
    return TrainingPass(
      losses: losses, latents: latents, totalSquaredError: pass.totalSquaredError,
      deadCount: revived.count)
  }

  public mutating func finishStep(_ step: Int) {
    guard case .controlledL0(let target, let gain) = configuration.sparsityLoss else { return }
    let factor = Float(exp(gain * max(-0.5, min(0.5, activeShare / target - 1))))
    parameters[.threshold].scale(by: factor)
  }

  /// Everything above the threshold or in the estimator's window.
  private func entries(of inputs: Matrix) -> JumpEntries {
    let (thresholds, bandwidth) = (thresholds, configuration.bandwidth)
    // A unit in the last place lower, so that rounding keeps nothing of the window out.
    let bounds = thresholds.map { ($0 - bandwidth / 2).nextDown }
    return JumpEntries(
      preActivations(of: inputs, above: bounds), thresholds: thresholds, bandwidth: bandwidth)
  }

  /// The latents that the pre-activation loss is about.
  private func revivedLatents(of batch: TrainingBatch, _ latents: SparseLatents) -> [Int] {
    guard let loss = configuration.preActivationLoss else { return [] }
    return loss.isForDeadLatents
      ? batch.deadLatents.indices(during: latents) : Array(0..<latentCount)
  }

  /// The gradients of the pre-activations of all entries, and of the thresholds, by the
  /// straight-through rules.
  private func estimatedGradients(
    _ entries: JumpEntries, projections: [Float], slope: Float, sparsity: JumpSparsity,
    revival: Revival?
  ) -> (preActivations: [Float], thresholds: [Double]) {
    let (h, z) = (entries.preActivations.values, entries.latents.values)
    let (thresholds, bandwidth) = (entries.thresholds, entries.bandwidth)
    let latentSlopes = sparsity.latentSlopes
    let estimator = configuration.estimator
    let code = entries.latents.mapEntries { entry, _, _ in
      slope * projections[entry] + (latentSlopes?[entry] ?? 0)
    }
    var stepSlopes = sparsity.stepSlopes
    if case .controlledL0 = configuration.sparsityLoss {
      let pull = entries.latents.sumByToken { entry in
        let t = thresholds[Int(entries.latents.indices[entry])]
        return JumpEntries.isInWindow(h[entry], t, bandwidth) ? Double(t * code[entry]) : 0
      }.reduce(0, +)
      let count = entries.latents.sumByToken { entry in
        let t = thresholds[Int(entries.latents.indices[entry])]
        return JumpEntries.isInWindow(h[entry], t, bandwidth) ? 1 : 0
      }.reduce(0, +)
      let price = count > 0 ? max(0, -pull / count) : 0
      stepSlopes = [Float](repeating: Float(price), count: entries.latents.tokens)
    }
    let slopesOfSteps = stepSlopes
    // Minus the threshold's gradient; the pre-activation gets the same where the estimator reaches it.
    let jumps = entries.latents.mapEntries { entry, token, latent in
      let threshold = thresholds[latent]
      let near = JumpEntries.isInWindow(h[entry], threshold, bandwidth)
      var jump = near ? threshold / bandwidth * code[entry] : 0
      if let slopesOfSteps {
        let counts =
          estimator == .thresholdByLatents
          ? h[entry] > threshold && JumpEntries.isInWindow(z[entry], threshold, bandwidth) : near
        if counts { jump += slopesOfSteps[token] / bandwidth }
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
