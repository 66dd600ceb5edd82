extension MixtureAutoencoder: TrainableAutoencoder {
  /// Unit rows, as dictionary_learning's TopK has them.
  public var decoderConstraint: DecoderConstraint { .unitRowsAfterStep }

  public func checkErrorWeights() throws(OptionError) {}

  /// The loss is the squared error per token and the balance of the experts' load.
  public func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    try check(batch)
    let routed = try routedPass(batch.activations)
    let latents = routed.latents
    let pass = latents.reconstructionPass(
      decoder: decoder, bias: parameters[.decoderBias].array, target: batch.target
    ).weighted(by: batch.errorWeights, latents)
    let factor = ReconstructionLoss.squaredErrorPerToken.factor(for: batch.target)
    let slope = Float(2 * factor)

    // f = p h: the gradient of h is p times that of f, that of p the sum of h times it.
    var preActivationGradients = [Float](repeating: 0, count: latents.entryCount)
    var probabilityGradients = Matrix(
      rows: latents.tokens, columns: configuration.experts)
    for token in 0..<latents.tokens {
      for entry in latents.entries(of: token) {
        let expert = Int(latents.indices[entry]) / expertSize
        let gradient = slope * pass.projections[entry]
        guard configuration.weighsByProbability else {
          preActivationGradients[entry] = gradient
          continue
        }
        let probability = routed.probabilities[token, expert]
        preActivationGradients[entry] = gradient * probability
        probabilityGradients[token, expert] += gradient * (latents.values[entry] / probability)
      }
    }
    let occurrences = latents.occurrencesByLatent()
    occurrences.sumRows(
      pass.error, coefficients: latents.values.map { slope * $0 }, into: &gradients[.decoder])
    occurrences.sumRows(
      routed.inputs, coefficients: preActivationGradients, into: &gradients[.encoder])

    let through = routed.encoder.weightedRowSum(
      occurrences.sumCoefficients(preActivationGradients))
    let sums = zip(pass.error.columnSums(), through).map { Float(Double(slope) * $0) - $1 }
    gradients[.decoderBias] = Matrix(rows: 1, columns: sums.count, values: sums)
    if configuration.scalesFeatures { divideFeatureGradients(&gradients) }
    let balance = addRouterGradients(routed, probabilityGradients, into: &gradients)
    return TrainingPass(
      losses: [
        LossTerm("reconstruction", factor * pass.squares.weighted), LossTerm("balance", balance),
      ], latents: latents, totalSquaredError: pass.totalSquaredError, deadCount: 0)
  }

  /// Makes of the gradient of W̃ = W̄ + (1 + ω)(W − W̄) those of W and ω.
  private func divideFeatureGradients(_ gradients: inout ParameterSet) {
    var scales = [Float](repeating: 0, count: configuration.experts)
    for expert in 0..<configuration.experts {
      let rows = expertRows(expert)
      let scale = parameters[.featureScale][0, expert]
      let mean = parameters[.encoder].meanOfRows(rows)
      let meanGradient = gradients[.encoder].meanOfRows(rows)
      var sum = 0.0
      for latent in rows {
        let weights = parameters[.encoder].row(latent)
        var gradient = gradients[.encoder].mutableRow(latent)
        for column in gradient.indices {
          sum += Double(gradient[column]) * Double(weights[column] - mean[column])
          gradient[column] = (1 + scale) * gradient[column] - scale * meanGradient[column]
        }
      }
      scales[expert] = Float(sum)
    }
    gradients[.featureScale] = Matrix(rows: 1, columns: scales.count, values: scales)
  }

  /// Writes the router's gradients, from those of the probabilities and of the balance; returns the
  /// balance's loss.
  private func addRouterGradients(
    _ routed: RoutedPass, _ probabilityGradients: Matrix, into gradients: inout ParameterSet
  ) -> Double {
    let (tokens, experts) = (routed.probabilities.rows, configuration.experts)
    let places = Double(max(1, tokens * configuration.activeExperts))
    var shares = [Double](repeating: 0, count: experts)
    for chosen in routed.chosen {
      for expert in chosen { shares[expert] += 1 / places }
    }
    let means = routed.probabilities.columnSums().map { $0 / Double(max(1, tokens)) }
    let coefficient =
      configuration.balanceCoefficient * Double(inputDimension) * Double(experts)
    var logits = Matrix(rows: tokens, columns: experts)
    for token in 0..<tokens {
      let slopes = (0..<experts).map {
        Double(probabilityGradients[token, $0]) + coefficient * shares[$0] / Double(tokens)
      }
      let mean = slopes.indices.reduce(0) {
        $0 + slopes[$1] * Double(routed.probabilities[token, $1])
      }
      for expert in 0..<experts {
        logits[token, expert] = Float(
          Double(routed.probabilities[token, expert]) * (slopes[expert] - mean))
      }
    }
    gradients[.router].setProduct(logits.transposed, routed.routerInputs.view)
    let through = parameters[.router].weightedRowSum(logits.columnSums().map { Float($0) })
    gradients[.routerBias] = Matrix(rows: 1, columns: through.count, values: through.map { -$0 })
    return coefficient * zip(shares, means).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Holds the feature scales at 0 or above.
  public mutating func finishStep(_ pass: TrainingPass, step: Int) {
    guard configuration.scalesFeatures else { return }
    let scales = parameters[.featureScale].array.map { max($0, 0) }
    parameters[.featureScale] = Matrix(rows: 1, columns: scales.count, values: scales)
  }

  /// As for every autoencoder; the router's bias is treated as b_dec is.
  public func foldingCenter(_ center: [Double]) throws -> MixtureAutoencoder {
    try foldingCenter(center, subtractsDecoderBias: true)
  }
}
