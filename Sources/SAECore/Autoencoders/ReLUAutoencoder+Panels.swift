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
    var kept = KeptPanels(gradients.takeWeights())
    panels.forEach(keepingIn: &kept) { latents, activations in
      activations.applyBiasedReLU(Array(bias[latents]))
      counts += activations.nonZeroCounts()
      penalty.add(activations, latents)
      error.addProduct(
        activations.view, nonZeros: counts[latents].reduce(0, +), dictionary[rows: latents])
    }
    error.addToRows(parameters[.decoderBias].array)
    error.add(batch.target, times: -1)
    penalty.note(in: &annealing)

    let squares = error.weigh(by: batch.errorWeights)
    let factor = configuration.reconstructionLoss.factor(for: batch.target)
    let coefficient = self.coefficient(at: batch.step)
    let losses = [
      LossTerm("reconstruction", factor * squares.weighted),
      LossTerm("sparsity", coefficient * penalty.value),
    ]
    error.scale(by: Float(2 * factor))
    var encoderBias: [Double] = []
    var normGradients: [Double] = []
    var preActivations = Matrix(rows: 0, columns: 0)
    let outputs = PackedFactor(error)
    panels.forEach(keptIn: &kept) { latents, activations, kept in
      activations.applyBiasedReLU(Array(bias[latents]))
      preActivations.reshape(rows: activations.rows, columns: activations.columns)
      preActivations.setProduct(outputs, dictionary[rows: latents].transposed)
      normGradients += penalty.addGradients(
        of: activations, latents, coefficient: Float(coefficient), to: &preActivations)
      encoderBias += preActivations.columnSums()
      let active = counts[latents].reduce(0, +)
      kept.setDecoderRows(latents, activations, nonZeros: active, error)
      kept.setEncoderRows(latents, preActivations, nonZeros: active, panels.inputs)
    }
    gradients.putWeights(&kept)
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
      totalSquaredError: squares.total, deadCount: auxiliary.deadCount)
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

  /// Puts back what ``takeWeights()`` has taken; nothing is left behind, or whoever changes the
  /// gradients next would copy them.
  mutating func putWeights(_ kept: inout KeptPanels) {
    (self[.decoder], self[.encoder]) = (kept.weights[0], kept.weights[1])
    kept.weights = []
  }
}

extension KeptPanels {
  /// Writes a panel's rows of the gradient of W_dec.
  ///
  /// - Parameters:
  ///   - code: of the reconstruction, tokens × latents of the panel.
  ///   - nonZeros: elements of `code` that are not 0, at most.
  ///   - outputs: gradients of the reconstruction, tokens × width.
  ///   - accumulate: whether to add to them.
  mutating func setDecoderRows(
    _ latents: Range<Int>, _ code: Matrix, nonZeros: Int, _ outputs: Matrix,
    accumulate: Bool = false
  ) {
    weights[0].multiply(
      code.transposed, nonZeros: nonZeros, outputs.view, rows: latents, accumulate: accumulate)
  }

  /// Writes a panel's rows of the gradient of W_enc.
  ///
  /// - Parameters:
  ///   - preActivations: their gradients, tokens × latents of the panel.
  ///   - nonZeros: elements of `preActivations` that are not 0, at most.
  ///   - inputs: tokens × width.
  mutating func setEncoderRows(
    _ latents: Range<Int>, _ preActivations: Matrix, nonZeros: Int, _ inputs: Matrix
  ) {
    weights[1].multiply(
      preActivations.transposed, nonZeros: nonZeros, inputs.view, rows: latents,
      accumulate: false)
  }
}
