extension AuxiliaryLoss {
  /// Adds the gradients for some dead latents and returns the loss's value.
  ///
  /// The dead latents are few: their rows are copied out, so that encoding costs
  /// tokens · width · dead and not another pass over all latents.
  ///
  /// - Parameters:
  ///   - scores: of all latents; divided by their scale they are the code.
  ///   - decoder: latents × width.
  ///   - error: x̂ − y, tokens × width.
  ///   - target: y.
  ///   - encoderBias: the gradient of b_enc.
  func addGradients(
    dead: [Int], scores: LatentScores, comparesMagnitudes: Bool = false, decoder: Matrix,
    error: Matrix, target: Matrix, into gradients: inout ParameterSet, encoderBias: inout [Float]
  ) -> Double {
    var outputSums = [Double](repeating: 0, count: error.columns)
    return addGradients(
      dead: dead, scores: scores, comparesMagnitudes: comparesMagnitudes, decoder: decoder,
      error: error, target: target, into: &gradients, encoderBias: &encoderBias,
      outputSums: &outputSums)
  }

  /// The same, with the gradient of b_dec.
  ///
  /// - Parameter outputSums: Σ over tokens of the gradient of the sum that b_dec is part of.
  func addGradients(
    dead: [Int], scores: LatentScores, comparesMagnitudes: Bool, decoder: Matrix, error: Matrix,
    target: Matrix, into gradients: inout ParameterSet, encoderBias: inout [Float],
    outputSums: inout [Double]
  ) -> Double {
    if form == .ghost {
      return addGhostGradients(
        dead: dead, scores: scores, decoder: decoder, error: error, into: &gradients,
        encoderBias: &encoderBias)
    }
    let width = error.columns
    let most = max(1, latentsPerToken ?? width / 2)
    let deadScores = scores.gathering(dead)
    let candidacy: TopKCandidacy =
      comparesMagnitudes ? .magnitude : form == .rawScores ? .any : .positive
    let code = deadScores.largest(min(most, dead.count), candidacy)
      .dividingValues(by: deadScores.scale)

    let residual = error.negated()
    let pass = code.reconstructionPass(
      decoder: decoder.gatheringRows(dead), bias: [Float](repeating: 0, count: width),
      target: residual)
    let factor = factor(
      residual: residual, target: target,
      shareOfPlaces: min(1, Double(dead.count) / Double(most)))
    let slope = Float(2 * factor)

    let occurrences = code.occurrencesByLatent()
    var rows = Matrix(rows: dead.count, columns: width)
    occurrences.sumRows(pass.error, coefficients: code.values.map { slope * $0 }, into: &rows)
    gradients[.decoder].addRows(of: rows, to: dead)
    if form != .decoderOnly {
      let slopes = pass.projections.map { slope * $0 }
      var encoderRows = Matrix(rows: dead.count, columns: scores.activations.columns)
      occurrences.sumRows(scores.activations, coefficients: slopes, into: &encoderRows)
      gradients[.encoder].addRows(of: encoderRows, to: dead)
      for (sum, latent) in zip(occurrences.sumCoefficients(slopes), dead) {
        encoderBias[latent] += sum
      }
    }
    if form == .residualVarianceWithBias {
      for (column, sum) in pass.error.columnSums().enumerated() {
        outputSums[column] += Double(slope) * sum
      }
    }
    return factor * pass.totalSquaredError
  }

  /// The factor of Σ‖e − r‖²; 0 where the form divides by a variance of 0.
  func factor(residual: Matrix, target: Matrix, shareOfPlaces: Double) -> Double {
    switch form {
    case .residualVariance, .residualVarianceWithBias:
      let variance = residual.totalVariance()
      return variance > 0 ? coefficient / variance : 0
    case .rawScores, .ghost:
      return coefficient * shareOfPlaces / Double(max(1, target.rows))
    case .decoderOnly:
      let variance = target.totalVariance()
      return variance > 0 ? coefficient * shareOfPlaces / variance : 0
    }
  }
}
