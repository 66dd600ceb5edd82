/// The training step where latents are dense, as when training begins: half of all pre-activations are
/// above 0 then.
extension ReLUAutoencoder {
  /// What ``computeGradients(of:into:)`` does, a panel of latents at a time.
  mutating func denseGradients(
    _ batch: TrainingBatch, _ panels: LatentPanels, into gradients: inout ParameterSet
  ) -> TrainingPass {
    let dictionary = self.dictionary
    let bias = parameters[.encoderBias].array
    let weights = configuration.penalty.weightsByDecoderNorm
    let norms = weights ? dictionary.rowNorms() : []
    var penalty = AnnealedPanelPenalty(
      configuration.penalty, annealing, norms: norms, tokens: batch.activations.rows,
      latents: latentCount)
    var counts: [Int] = []
    var error = Matrix(rows: batch.target.rows, columns: dictionary.columns)
    panels.forEach { latents, activations in
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
    panels.forEach { latents, activations in
      activations.applyBiasedReLU(Array(bias[latents]))
      preActivations.reshape(rows: activations.rows, columns: activations.columns)
      preActivations.setProduct(error.view, dictionary[rows: latents].transposed)
      normGradients += penalty.addGradients(
        of: activations, latents, coefficient: Float(coefficient), to: &preActivations)
      gradients.setRows(
        latents, decoder: activations, error, encoder: preActivations, panels.inputs)
      encoderBias += preActivations.columnSums()
    }
    if weights {
      gradients.addNormGradients(normGradients, norms: norms, decoder: dictionary)
    }
    gradients[.encoderBias] = .rowVector(encoderBias)
    gradients[.decoderBias] = parameters.decoderBiasGradient(
      error: error, slope: 1,
      preActivations: configuration.subtractsDecoderBias ? gradients[.encoderBias].array : nil)
    return TrainingPass(
      losses: losses,
      activity: LatentActivity(tokens: batch.activations.rows, activeTokens: counts),
      totalSquaredError: totalSquaredError, deadCount: 0)
  }
}

extension ParameterSet {
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
    self[.decoder].multiply(
      code.transposed, outputs.view, rows: latents, columns: 0..<outputs.columns,
      accumulate: false)
    self[.encoder].multiply(
      preActivations.transposed, inputs.view, rows: latents, columns: 0..<inputs.columns,
      accumulate: false)
  }
}
