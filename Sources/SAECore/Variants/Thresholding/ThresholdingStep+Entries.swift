/// A step on the entries of a batch, whose latents are few.
extension ThresholdingStep {
  mutating func runOverEntries(into gradients: inout ParameterSet) -> TrainingPass {
    let entries = SparseLatents.aboveThreshold(
      of: inputs, encoder: model.parameters[.encoder], bias: unit.bias, thresholds: unit.bounds)
    var hidden = LatentElements(entries)
    var codes = Unit.reconstructions.map { _ in LatentElements(like: hidden) }
    unit.makeCodes(of: &hidden, &codes)
    unit.observe(hidden, codes)
    let latents = entries.replacingValues(codes[0].values)
    let algebra = CodeAlgebra(entries)
    let passes = codes.map { code in
      algebra.reconstructionPass(
        code: code.values, decoder: model.decoder,
        bias: model.parameters[.decoderBias].array, target: batch.target
      ).weighted(by: batch.errorWeights, entries)
    }
    let slope = Float(2 * factor)
    var codeGradients = passes.map { pass in
      var gradient = LatentElements(like: hidden)
      gradient.values = pass.projections
      gradient.scale(by: slope)
      return gradient
    }
    let penalty = addPenalty(
      entries.replacingValues(codes[Unit.penalizedCode].values),
      to: &codeGradients[Unit.penalizedCode])
    let activity = batch.deadLatents.activity(of: latents)
    unit.settle(batch, activity) { body in
      var gradient = codeGradients[0]
      body(hidden, &gradient)
    }

    for code in trainingCodes {
      let values = codes[code].values
      algebra.sumRows(
        passes[code].error,
        coefficients: entries.mapEntries { entry, _, _ in slope * values[entry] },
        into: &gradients[.decoder], accumulate: code > 0)
    }
    if let penalty, !norms.isEmpty {
      gradients.addNormGradients(penalty.normSums, norms: norms, decoder: model.decoder)
    }
    unit.passGradients(&hidden, &codes, &codeGradients)
    algebra.sumRows(inputs, coefficients: codeGradients[0].values, into: &gradients[.encoder])
    let (losses, deadCount) = finish(
      passes.map { Reconstruction(squares: $0.squares, outputSums: $0.error.columnSums()) },
      outputSlope: Double(slope), error: passes[0].error, penalty: penalty?.value,
      activity: activity, into: &gradients)
    return TrainingPass(
      losses: losses, latents: latents, totalSquaredError: passes[0].totalSquaredError,
      deadCount: deadCount)
  }

  /// Adds the gradient of the penalty on a code, if there is one, and passes the sum on where the code
  /// is above 0.
  ///
  /// - Returns: the penalty's value, coefficient in it, and the gradient of each latent's norm.
  private mutating func addPenalty(
    _ code: SparseLatents, to gradient: inout LatentElements
  ) -> (value: Double, normSums: [Double])? {
    guard let penalty = model.configuration.activationPenalty else { return nil }
    let (value, slopes) = penalty.evaluate(code, norms: norms, annealing: &annealing)
    let (lambda, values, gradients) = (Float(coefficient), code.values, gradient.values)
    gradient.values = code.mapEntries { entry, _, _ in
      values[entry] > 0 ? gradients[entry] + lambda * slopes[entry] : 0
    }
    guard penalty.weightsByDecoderNorm else { return (coefficient * value, []) }
    // The penalty depends on z n alone, so n ∂/∂n = z ∂/∂z.
    let norms = norms
    let sums = code.sumByLatent(
      code.mapEntries { entry, _, latent in
        norms[latent] > 0 ? lambda * slopes[entry] * values[entry] / norms[latent] : 0
      })
    return (coefficient * value, sums)
  }
}
