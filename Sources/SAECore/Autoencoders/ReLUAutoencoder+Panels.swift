/// The training step where latents are dense, as when training begins: half of all pre-activations are
/// above 0 then.
extension ReLUAutoencoder {
  /// What ``computeGradients(of:into:)`` does, a panel of latents at a time.
  mutating func denseGradients(
    _ batch: TrainingBatch, _ panels: LatentPanels, into gradients: inout ParameterSet
  ) -> TrainingPass {
    let dictionary = self.dictionary
    let bias = parameters[.encoderBias].array
    let isWeighted = configuration.penalty.weightsByDecoderNorm
    let norms = isWeighted ? dictionary.rowNorms() : []
    var penalty = AnnealedPanelPenalty(
      configuration.penalty, annealing, norms: norms, tokens: batch.activations.rows,
      latents: latentCount)
    var counts: [Int] = []
    var error = Matrix(rows: batch.target.rows, columns: dictionary.columns)
    var kept = gradients.takeWeights()
    panels.forEach(keepingIn: &kept) { latents, activations in
      activations.applyBiasedReLU(Array(bias[latents]))
      counts += activations.nonZeroCounts()
      penalty.add(activations, latents)
      error.addProduct(activations.view, dictionary[rows: latents])
    }
    error.addToRows(parameters[.decoderBias].array)
    error.add(batch.target, times: -1)
    penalty.note(in: &annealing)

    let totalSquaredError = error.sumOfSquares()
    let factor = configuration.reconstructionLoss.factor(for: batch.target)
    let coefficient = self.coefficient(at: batch.step)
    let losses = [
      LossTerm("reconstruction", factor * totalSquaredError),
      LossTerm("sparsity", coefficient * penalty.value),
    ]
    error.scale(by: Float(2 * factor))
    var encoderBias: [Double] = []
    var normGradients: [Double] = []
    var preActivations = Matrix(rows: 0, columns: 0)
    panels.forEach(keptIn: &kept) { latents, activations, weights in
      activations.applyBiasedReLU(Array(bias[latents]))
      preActivations.reshape(rows: activations.rows, columns: activations.columns)
      preActivations.setProduct(error.view, dictionary[rows: latents].transposed)
      normGradients += penalty.addGradients(
        of: activations, latents, coefficient: Float(coefficient), to: &preActivations)
      weights.setRows(
        latents, decoder: activations, error, encoder: preActivations, panels.inputs)
      encoderBias += preActivations.columnSums()
    }
    gradients.putWeights(kept)
    if isWeighted {
      gradients.addNormGradients(normGradients, norms: norms, decoder: dictionary)
    }
    var biases = encoderBias.map { Float($0) }
    gradients[.decoderBias] = .rowVector(error.columnSums())
    if factor > 0 { error.scale(by: Float(1 / (2 * factor))) }
    let activity = LatentActivity(tokens: batch.activations.rows, activeTokens: counts)
    let auxiliary = addAuxiliary(
      batch, panels.inputs, error: error, activity, into: &gradients, encoderBias: &biases)
    gradients[.encoderBias] = .rowVector(biases)
    if configuration.subtractsDecoderBias {
      gradients[.decoderBias].add(
        .rowVector(parameters[.encoder].weightedRowSum(biases)), times: -1)
    }
    return TrainingPass(
      losses: losses + auxiliary.losses, activity: activity,
      totalSquaredError: totalSquaredError, deadCount: auxiliary.deadCount)
  }
}

extension ParameterSet {
  /// Takes the matrices of W_dec and W_enc out, so that they can be written a panel at a time.
  mutating func takeWeights() -> [Matrix] {
    let weights = [self[.decoder], self[.encoder]]
    self[.decoder] = Matrix(rows: 0, columns: 0)
    self[.encoder] = Matrix(rows: 0, columns: 0)
    return weights
  }

  /// Puts back what ``takeWeights()`` has taken.
  mutating func putWeights(_ weights: [Matrix]) {
    self[.decoder] = weights[0]
    self[.encoder] = weights[1]
  }
}

/// W_dec and W_enc, as ``ParameterSet/takeWeights()`` gives them.
extension [Matrix] {
  /// Writes a panel's rows of both weight matrices' gradients.
  ///
  /// - Parameters:
  ///   - code: of the reconstruction, tokens × latents of the panel.
  ///   - outputs: gradients of the reconstruction, tokens × width.
  ///   - preActivations: their gradients, tokens × latents of the panel.
  mutating func setRows(
    _ latents: Range<Int>, decoder code: Matrix, _ outputs: Matrix,
    encoder preActivations: Matrix, _ inputs: Matrix
  ) {
    self[0].multiply(
      code.transposed, outputs.view, rows: latents, columns: 0..<outputs.columns,
      accumulate: false)
    self[1].multiply(
      preActivations.transposed, inputs.view, rows: latents, columns: 0..<inputs.columns,
      accumulate: false)
  }
}
