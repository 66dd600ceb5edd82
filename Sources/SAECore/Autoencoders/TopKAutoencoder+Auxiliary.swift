extension TopKAutoencoder {
  /// Adds the auxiliary loss's gradients and returns its value.
  ///
  /// The dead latents are few: their rows are copied out, so that encoding costs
  /// tokens · width · dead and not another pass over all latents.
  func addAuxiliaryGradients(
    _ auxiliary: AuxiliaryLoss, dead: [Int], inputs: Matrix, scale: [Float], error: Matrix,
    target: Matrix, into gradients: inout ParameterSet, encoderBias: inout [Float]
  ) -> Double {
    let width = target.columns
    let most = max(1, width / 2)
    let biases = parameters[.encoderBias].array
    let deadScale = dead.map { scale[$0] }
    let scores = SparseLatents.largestScores(
      k: min(most, dead.count), of: inputs, encoder: parameters[.encoder].gatheringRows(dead),
      bias: dead.map { biases[$0] }, scale: deadScale,
      candidacy: auxiliary.form == .rawScores ? .any : .positive)
    let code = configuration.rescalesByDecoderNorm ? scores.dividingValues(by: deadScale) : scores

    let residual = error.negated()
    let pass = code.reconstructionPass(
      decoder: dictionary.gatheringRows(dead), bias: [Float](repeating: 0, count: width),
      target: residual)
    let factor = auxiliary.factor(
      residual: residual, target: target, shareOfPlaces: min(1, Double(dead.count) / Double(most)))
    let slope = Float(2 * factor)

    let occurrences = code.occurrencesByLatent()
    var rows = Matrix(rows: dead.count, columns: width)
    occurrences.sumRows(pass.error, coefficients: code.values.map { slope * $0 }, into: &rows)
    gradients[.decoder].addRows(of: rows, to: dead)
    if auxiliary.form != .decoderOnly {
      let slopes = pass.projections.map { slope * $0 }
      var encoderRows = Matrix(rows: dead.count, columns: inputs.columns)
      occurrences.sumRows(inputs, coefficients: slopes, into: &encoderRows)
      gradients[.encoder].addRows(of: encoderRows, to: dead)
      for (sum, latent) in zip(occurrences.sumCoefficients(slopes), dead) {
        encoderBias[latent] += sum
      }
    }
    return factor * pass.totalSquaredError
  }
}

extension AuxiliaryLoss {
  /// What Σ‖e − r‖² is multiplied by; 0 where the form divides by a variance of 0.
  func factor(residual: Matrix, target: Matrix, shareOfPlaces: Double) -> Double {
    switch form {
    case .residualVariance:
      let variance = residual.totalVariance()
      return variance > 0 ? coefficient / variance : 0
    case .rawScores:
      return coefficient * shareOfPlaces / Double(max(1, target.rows))
    case .decoderOnly:
      let variance = target.totalVariance()
      return variance > 0 ? coefficient * shareOfPlaces / variance : 0
    }
  }
}
