extension GatedAutoencoder: TrainableAutoencoder {
  public var decoderConstraint: DecoderConstraint { configuration.decoderConstraint }

  public func checkErrorWeights() throws(InvalidOption) {
    try InvalidOption.checkErrorWeights(configuration.reconstructionLoss, auxiliaryLoss: nil)
  }

  /// The loss is the reconstruction error, the penalty on the gates times its coefficient, and the
  /// error of the auxiliary reconstruction from the gates' pre-activations A:
  ///
  ///     L = L_rec + λ penalty(A) + L_rec of A W_dec + b_dec
  ///
  /// No gradient passes the gates' step; gates learn by the last two terms.
  public mutating func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    try check(batch)
    let inputs = centered(batch.activations)
    let panels = LatentPanels(
      inputs: inputs, encoder: parameters[.encoder], bias: parameters[.gateBias].array,
      thresholds: [Float](repeating: 0, count: latentCount))
    if panels.isDense, !batch.deadLatents.rule.looksAtValues {
      return denseGradients(batch, panels, into: &gradients)
    }
    let gates = gates(of: inputs)
    let (latents, activations) = (gates.latents(), gates.gateActivations())
    let bias = parameters[.decoderBias].array
    let algebra = CodeAlgebra(gates.products)
    let pass = algebra.reconstructionPass(
      code: latents.values, decoder: dictionary, bias: bias, target: batch.target
    ).weighted(by: batch.errorWeights, latents)
    let auxiliary = algebra.reconstructionPass(
      code: activations.values, decoder: dictionary, bias: bias, target: batch.target
    ).weighted(by: batch.errorWeights, activations)
    let factor = configuration.reconstructionLoss.factor(for: batch.target)
    let slope = Float(2 * factor)
    let weights = configuration.penalty.weightsByDecoderNorm
    let norms = weights ? dictionary.rowNorms() : []
    let penalty = configuration.penalty.evaluate(
      activations, norms: norms, annealing: &annealing)
    let coefficient = self.coefficient(at: batch.step)
    let lambda = Float(coefficient)

    let (z, a, slopes) = (latents.values, activations.values, penalty.slopes)
    let (projections, auxiliaryProjections) = (pass.projections, auxiliary.projections)
    let magnitudes = latents.mapEntries { entry, _, _ in
      z[entry] > 0 ? slope * projections[entry] : 0
    }
    let gateGradients = latents.mapEntries { entry, _, _ in
      slope * auxiliaryProjections[entry] + lambda * slopes[entry]
    }
    addDecoderGradients(algebra, pass.error, z, slope, to: &gradients, accumulate: false)
    if configuration.auxiliaryTrainsDecoder {
      addDecoderGradients(algebra, auxiliary.error, a, slope, to: &gradients, accumulate: true)
    }
    if weights {
      // The penalty depends on A n alone, so n ∂/∂n = A ∂/∂A.
      let sums = latents.sumByLatent(
        latents.mapEntries { entry, _, latent in
          norms[latent] > 0 ? lambda * slopes[entry] * a[entry] / norms[latent] : 0
        })
      gradients.addNormGradients(sums, norms: norms, decoder: dictionary)
    }
    let preActivations = addEncoderGradients(
      algebra, inputs, gates, gateGradients, magnitudes, to: &gradients)
    gradients[.decoderBias] = parameters.decoderBiasGradient(
      error: pass.error, slope: Double(slope),
      preActivations: configuration.subtractsDecoderBias ? preActivations : nil)
    if configuration.auxiliaryTrainsDecoder {
      gradients[.decoderBias].add(
        parameters.decoderBiasGradient(
          error: auxiliary.error, slope: Double(slope), preActivations: nil))
    }
    return TrainingPass(
      losses: [
        LossTerm("reconstruction", factor * pass.squares.weighted),
        LossTerm("sparsity", coefficient * penalty.value),
        LossTerm("auxiliary", factor * auxiliary.squares.weighted),
      ], latents: latents, totalSquaredError: pass.totalSquaredError, deadCount: 0)
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

  private func addDecoderGradients(
    _ algebra: CodeAlgebra, _ error: Matrix, _ code: [Float], _ slope: Float,
    to gradients: inout ParameterSet, accumulate: Bool
  ) {
    algebra.sumRows(
      error, coefficients: algebra.latents.mapEntries { entry, _, _ in slope * code[entry] },
      into: &gradients[.decoder], accumulate: accumulate)
  }

  /// Both paths share W_enc: their gradients are one sum over the input. Returns Σ_b of the gradient
  /// of p for each latent.
  private func addEncoderGradients(
    _ algebra: CodeAlgebra, _ inputs: Matrix, _ gates: OpenGates, _ gateGradients: [Float],
    _ magnitudes: [Float], to gradients: inout ParameterSet
  ) -> [Float] {
    let (p, scales) = (gates.products.values, gates.scales)
    let entries = gates.products
    let products = entries.mapEntries { entry, _, latent in
      gateGradients[entry] + magnitudes[entry] * scales[latent]
    }
    algebra.sumRows(inputs, coefficients: products, into: &gradients[.encoder])
    gradients[.gateBias] = .rowVector(entries.sumByLatent(gateGradients))
    gradients[.magnitudeBias] = .rowVector(entries.sumByLatent(magnitudes))
    // Σ_d (cᵀ G_m)_d W_enc,d is Σ_b G_m p.
    gradients[.magnitudeScale] = .rowVector(
      entries.sumByLatent(
        entries.mapEntries { entry, _, latent in magnitudes[entry] * p[entry] * scales[latent] }))
    return entries.sumByLatent(products).map { Float($0) }
  }
}
