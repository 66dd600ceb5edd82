extension TopKAutoencoder: TrainableAutoencoder {
  public var decoderConstraint: DecoderConstraint { configuration.decoderConstraint }

  /// The loss is the reconstruction error, and the auxiliary loss if there are dead latents.
  ///
  /// Gradients flow through the selected latents alone. With rescaling, the norms cancel exactly in
  /// the reconstruction, so they get no gradient.
  public func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: batch.activations.columns)
    try ShapeError.check(
      "target", "columns", expected: outputDimension, found: batch.target.columns)
    try ShapeError.check(
      "target", "rows", expected: batch.activations.rows, found: batch.target.rows)
    let inputs = centered(batch.activations)
    let scale = scoreScale()
    let latents = scores(of: inputs, scale: scale)
    let code = code(of: latents, scale: scale)
    let pass = code.reconstructionPass(
      decoder: dictionary, bias: parameters[.decoderBias].array, target: batch.target)

    let factor = configuration.reconstructionLoss.factor(for: batch.target)
    let slope = Float(2 * factor)
    let occurrences = code.occurrencesByLatent()
    let preActivationGradients = pass.projections.map { slope * $0 }
    occurrences.sumRows(
      pass.error, coefficients: code.values.map { slope * $0 }, into: &gradients[.decoder])
    occurrences.sumRows(
      inputs, coefficients: preActivationGradients, into: &gradients[.encoder])
    var encoderBias = occurrences.sumCoefficients(preActivationGradients)

    var losses = [LossTerm("reconstruction", factor * pass.totalSquaredError)]
    let dead = configuration.auxiliaryLoss == nil ? [] : batch.deadLatents.indices(during: latents)
    if let auxiliary = configuration.auxiliaryLoss, !dead.isEmpty {
      let value = addAuxiliaryGradients(
        auxiliary, dead: dead, inputs: inputs, scale: scale, error: pass.error,
        target: batch.target, into: &gradients, encoderBias: &encoderBias)
      losses.append(LossTerm("auxiliary", value))
    }

    gradients[.encoderBias] = Matrix(rows: 1, columns: latentCount, values: encoderBias)
    gradients[.decoderBias] = decoderBiasGradient(
      errorSums: pass.error.columnSums(), slope: Double(slope), encoderBias: encoderBias)
    return TrainingPass(
      losses: losses, latents: latents, totalSquaredError: pass.totalSquaredError,
      deadCount: dead.count)
  }

  /// Σ over tokens of the reconstruction's gradient, less what flows through the input's centring:
  /// Σ_b G_h W_encᵀ is the sum of the encoder's rows weighted by the gradient of b_enc.
  private func decoderBiasGradient(
    errorSums: [Double], slope: Double, encoderBias: [Float]
  ) -> Matrix {
    var gradient = errorSums.map { Float(slope * $0) }
    if configuration.subtractsDecoderBias {
      let through = parameters[.encoder].weightedRowSum(encoderBias)
      for d in gradient.indices { gradient[d] -= through[d] }
    }
    return Matrix(rows: 1, columns: gradient.count, values: gradient)
  }
}
