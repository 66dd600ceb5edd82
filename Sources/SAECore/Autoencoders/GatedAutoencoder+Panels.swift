/// The training step where gates are open to many latents, as when training begins.
extension GatedAutoencoder {
  /// What ``computeGradients(of:into:)`` does, a panel of latents at a time.
  mutating func denseGradients(
    _ batch: TrainingBatch, _ panels: LatentPanels, into gradients: inout ParameterSet
  ) -> TrainingPass {
    let dictionary = self.dictionary
    let gates = GateVectors(
      gateBias: parameters[.gateBias].array, scales: magnitudeScales,
      magnitudeBias: parameters[.magnitudeBias].array)
    let weights = configuration.penalty.weightsByDecoderNorm
    let norms = weights ? dictionary.rowNorms() : []
    let tokens = batch.activations.rows
    var penalty = AnnealedPanelPenalty(
      configuration.penalty, annealing, norms: norms, tokens: tokens, latents: latentCount)
    var panel = GatePanel()
    var (active, open): ([Int], [Int]) = ([], [])
    var error = Matrix(rows: tokens, columns: dictionary.columns)
    var auxiliaryError = error
    var kept = KeptPanels(gradients.takeWeights())
    panels.forEach(keepingIn: &kept) { latents, products in
      panel.open(products, gates[latents])
      active += panel.latents.nonZeroCounts()
      open += panel.gates.nonZeroCounts()
      penalty.add(panel.gates, latents)
      let rows = dictionary[rows: latents]
      error.addProduct(panel.latents.view, nonZeros: active[latents].reduce(0, +), rows)
      auxiliaryError.addProduct(panel.gates.view, nonZeros: open[latents].reduce(0, +), rows)
    }
    let bias = parameters[.decoderBias].array
    error.addToRows(bias)
    error.add(batch.target, times: -1)
    auxiliaryError.addToRows(bias)
    auxiliaryError.add(batch.target, times: -1)
    penalty.note(in: &annealing)

    let factor = configuration.reconstructionLoss.factor(for: batch.target)
    let coefficient = self.coefficient(at: batch.step)
    let squares = error.weigh(by: batch.errorWeights)
    let auxiliarySquares = auxiliaryError.weigh(by: batch.errorWeights)
    let losses = [
      LossTerm("reconstruction", factor * squares.weighted),
      LossTerm("sparsity", coefficient * penalty.value),
      LossTerm("auxiliary", factor * auxiliarySquares.weighted),
    ]
    error.scale(by: Float(2 * factor))
    auxiliaryError.scale(by: Float(2 * factor))
    var sums = GateSums()
    var normGradients: [Double] = []
    let (outputs, auxiliaryOutputs) = (PackedFactor(error), PackedFactor(auxiliaryError))
    panels.forEach(keptIn: &kept) { latents, products, kept in
      panel.open(products, gates[latents])
      let rows = dictionary[rows: latents].transposed
      panel.setGradients(outputs, auxiliaryOutputs, rows)
      normGradients += penalty.addGradients(
        of: panel.gates, latents, coefficient: Float(coefficient), to: &panel.gateGradients)
      let opened = open[latents].reduce(0, +)
      kept.setDecoderRows(
        latents, panel.latents, nonZeros: active[latents].reduce(0, +), error)
      if configuration.auxiliaryTrainsDecoder {
        kept.setDecoderRows(
          latents, panel.gates, nonZeros: opened, auxiliaryError, accumulate: true)
      }
      panel.passGradients(to: &products, gates[latents])
      kept.setEncoderRows(latents, panel.latents, nonZeros: opened, panels.inputs)
      sums.add(panel, scaled: products)
    }
    gradients.putWeights(&kept)
    if weights {
      gradients.addNormGradients(normGradients, norms: norms, decoder: dictionary)
    }
    gradients[.gateBias] = .rowVector(sums.gates)
    gradients[.magnitudeBias] = .rowVector(sums.magnitudes)
    gradients[.magnitudeScale] = .rowVector(sums.scales)
    gradients[.decoderBias] = parameters.decoderBiasGradient(
      error: error, slope: 1,
      preActivations: configuration.subtractsDecoderBias ? sums.products.map { Float($0) } : nil)
    if configuration.auxiliaryTrainsDecoder {
      gradients[.decoderBias].add(
        parameters.decoderBiasGradient(error: auxiliaryError, slope: 1, preActivations: nil))
    }
    return TrainingPass(
      losses: losses,
      activity: LatentActivity(tokens: tokens, activeTokens: active, selectedTokens: open),
      totalSquaredError: squares.total, deadCount: 0)
  }
}

/// Σ over tokens of the gradients of a gate's parts, latent by latent.
private struct GateSums {
  var gates: [Double] = []
  var magnitudes: [Double] = []
  var scales: [Double] = []
  var products: [Double] = []

  /// - Parameter scaled: what r_mag gets of each token.
  mutating func add(_ panel: GatePanel, scaled: Matrix) {
    gates += panel.gateGradients.columnSums()
    magnitudes += panel.magnitudeGradients.columnSums()
    scales += scaled.columnSums()
    products += panel.latents.columnSums()
  }
}
