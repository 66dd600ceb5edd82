extension ParameterSet {
  /// Checks W_dec against W_enc, b_dec against the width, and each of some vectors against the number
  /// of latents.
  func checkShapes(vectors: [ParameterName]) throws(ShapeError) {
    let encoder = self[.encoder]
    let decoder = self[.decoder]
    try ShapeError.check("W_dec", "rows", expected: encoder.rows, found: decoder.rows)
    try ShapeError.check("W_dec", "columns", expected: encoder.columns, found: decoder.columns)
    try ShapeError.check(
      "b_dec", "numbers", expected: encoder.columns, found: self[.decoderBias].count)
    for name in vectors {
      try ShapeError.check(
        name.rawValue, "numbers", expected: encoder.rows, found: self[name].count)
    }
  }

  /// The set with vectors in the place of others.
  func replacing(
    _ removed: [ParameterName], with added: [(ParameterName, [Float])]
  ) -> ParameterSet {
    let kept = names.filter { !removed.contains($0) }
    return ParameterSet(
      names: kept + added.map(\.0),
      matrices: kept.map { self[$0] } + added.map { .rowVector($0.1) })
  }

  /// G_b_dec: Σ over tokens of the reconstruction's gradient, less the gradient through the input's
  /// centering. The latter is Σ_b G_h W_encᵀ, the sum of the encoder's rows weighted by Σ_b G_h.
  ///
  /// - Parameters:
  ///   - error: x̂ − y, tokens × width.
  ///   - slope: the factor that makes it the gradient.
  ///   - preActivations: Σ_b G_h for each latent; nil where the input is not centered.
  func decoderBiasGradient(error: Matrix, slope: Double, preActivations: [Float]?) -> Matrix {
    var gradient = error.columnSums().map { Float(slope * $0) }
    if let preActivations {
      let through = self[.encoder].weightedRowSum(preActivations)
      for d in gradient.indices { gradient[d] -= through[d] }
    }
    return .rowVector(gradient)
  }

  /// Adds to the decoder's gradient the part through the norms of its rows: g_i · row i / n_i, or 0 where
  /// n_i is 0.
  mutating func addNormGradients(_ normGradients: [Double], norms: [Float], decoder: Matrix) {
    let factors = zip(normGradients, norms).map { $1 > 0 ? Float($0 / Double($1)) : 0 }
    self[.decoder].addRows(of: decoder, times: factors)
  }
}

extension SparseAutoencoder {
  /// Throws unless a batch fits.
  func check(_ batch: TrainingBatch) throws(ShapeError) {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: batch.activations.columns)
    try ShapeError.check(
      "target", "columns", expected: outputDimension, found: batch.target.columns)
    try ShapeError.check(
      "target", "rows", expected: batch.activations.rows, found: batch.target.rows)
  }
}
