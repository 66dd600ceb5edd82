extension MatryoshkaAutoencoder {
  /// The loss is the weighted sum of the levels' reconstruction errors, and the auxiliary loss if there
  /// are dead latents.
  public func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    var step = try SelectionStep(self, batch)
    let latents = select(step.scores, step: batch.step)
    let prefixes = configuration.levels.prefixes(
      step: batch.step, latentCount: latentCount, fixed: prefixes)
    let code = step.code(of: latents)
    let occurrences = code.occurrencesByLatent()
    let factor =
      configuration.weighting.weight(levels: prefixes.count) * step.reconstructionFactor
    let auxiliary = configuration.auxiliaryLoss
    let dead = auxiliary == nil ? [] : batch.deadLatents.indices(during: latents)
    var auxiliaryLoss = 0.0
    var totalSquaredError = 0.0
    var wholeError: Matrix?
    var nested = NestedReconstruction(
      code, decoder: decoder, bias: parameters[.decoderBias].array, target: batch.target,
      weights: batch.errorWeights)

    for level in prefixes.indices.reversed() {
      let group = (level == 0 ? 0 : prefixes[level - 1])..<prefixes[level]
      let squares = nested.visit(group: group, slope: Float(2 * factor), decoder: decoder)
      let isWhole = level == prefixes.count - 1
      if isWhole { totalSquaredError = squares.total }
      step.losses.append(
        LossTerm(
          isWhole ? "reconstruction" : "reconstruction of \(prefixes[level])",
          factor * squares.weighted))
      occurrences.sumRows(
        nested.gradient, coefficients: code.values, into: &gradients[.decoder], latents: group)
      occurrences.sumRows(
        step.scores.activations, coefficients: nested.projections, into: &gradients[.encoder],
        latents: group)
      step.add(occurrences.sumCoefficients(nested.projections, latents: group))
      if isWhole && !dead.isEmpty { wholeError = nested.error }
      if let auxiliary, configuration.hasAuxiliaryLossPerLevel {
        let own = dead.filter(group.contains)
        if !own.isEmpty {
          auxiliaryLoss += step.addAuxiliary(
            auxiliary, dead: own, error: nested.error, into: &gradients)
        }
      }
      if level > 0 { nested.remove(group: group, decoder: decoder) }
    }
    for (column, sum) in nested.gradient.columnSums().enumerated() {
      step.outputSums[column] += sum
    }
    if let auxiliary, let wholeError {
      if !configuration.hasAuxiliaryLossPerLevel {
        auxiliaryLoss = step.addAuxiliary(
          auxiliary, dead: dead, error: wholeError, into: &gradients)
      }
      step.losses.append(LossTerm("auxiliary", auxiliaryLoss))
    }
    return step.finish(latents, totalSquaredError: totalSquaredError, into: &gradients)
  }
}
