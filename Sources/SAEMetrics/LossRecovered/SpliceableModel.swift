public import SAECore

/// A language model in whose run the activations at one point can be exchanged.
public protocol SpliceableModel {
  /// Runs the model on one context.
  ///
  /// - Parameters:
  ///   - tokens: token ids.
  ///   - replacing: what to make of the activations (positions × width) at the point; nil leaves them.
  /// - Returns: logits, positions × vocabulary.
  func logits(
    _ tokens: [Int], replacing: ((_ activations: Matrix) throws -> Matrix)?
  ) throws -> Matrix
}

extension LossRecoveredMetrics {
  /// Runs a model on a context clean, spliced and ablated, and adds what comes out.
  ///
  /// Uncounted positions keep their activations in the spliced run, so that an SAE is not asked to
  /// reconstruct what it was not trained on. Ablations set every position, as all peers do.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - tokens: token ids of the context.
  ///   - mask: for each position whether it counts.
  ///   - meanActivation: the mean of activations, from another sample; without it there is no mean
  ///     ablation.
  ///   - reconstruct: the autoencoder, on activations in the model's own scale.
  /// - Throws: what the model or the autoencoder throws; `ShapeError` if something does not fit.
  public mutating func update(
    _ model: some SpliceableModel, tokens: [Int], mask: [Bool]? = nil,
    meanActivation: [Float]? = nil, reconstruct: @escaping (Matrix) throws -> Matrix
  ) throws {
    let counted = try CountedTokens.rows(tokens.count, mask: mask).map { Int($0) }
    let clean = try model.logits(tokens, replacing: nil)
    let spliced = try model.logits(tokens) { activations in
      let reconstruction = try reconstruct(activations)
      try CountedTokens.check(
        activations, reconstruction, width: activations.columns)
      var result = activations
      for row in counted {
        for column in 0..<result.columns { result[row, column] = reconstruction[row, column] }
      }
      return result
    }
    let zero = try model.logits(tokens) { Matrix(rows: $0.rows, columns: $0.columns) }
    let mean = try meanActivation.map { mean in
      try model.logits(tokens) { activations in
        try CountedTokens.check(
          "mean activation", "columns", expected: activations.columns, found: mean.count)
        return Matrix(rows: activations.rows, columns: mean.count) { mean[$1] }
      }
    }
    try update(
      tokens: tokens, clean: clean, spliced: spliced, zero: zero, mean: mean, mask: mask)
  }
}
