import SAECore
import SAEMetrics

/// Measures autoencoders on activations.
struct EvaluationRun {
  let source: any ActivationSource
  /// Tokens that the linear part of the errors is fitted on; the tokens after them are measured.
  let fitted: Int
  private static let batch = 4096

  /// - Parameter linearResidual: whether the linear part of the errors is measured too, fitted on the
  ///   first 60% of the tokens.
  init(_ source: any ActivationSource, linearResidual: Bool) throws {
    self.source = source
    guard linearResidual else {
      fitted = 0
      return
    }
    // Whole blocks, so that none is on both sides.
    fitted = source.tokens * 3 / 5 / 128 * 128
    guard fitted > 0 else {
      throw ToolError(
        "--linear-residual: expected at least 214 tokens, to fit on some and measure on others, found "
          + "\(source.tokens)")
    }
  }

  func measure(_ loaded: SAE) throws -> DictionaryEvaluator {
    try loaded.checkReconstructsItsInput()
    try loaded.check(source)
    let autoencoder = loaded.autoencoder
    var progress = Progress(total: source.tokens)
    var linearPart: LinearErrorPrediction?
    if fitted > 0 {
      var regression = LinearErrorRegression(width: source.width)
      try forEachBatch(0..<fitted, "tokens, fitting the linear part", &progress) { activations in
        try regression.update(
          activations: activations, reconstruction: autoencoder.reconstruct(activations))
      }
      let prediction = try regression.fit()
      if !prediction.hasEnoughTokens {
        Progress.note(
          "the linear part was fitted on \(fitted) tokens, fewer than 5 for each of "
            + "\(source.width) dimensions: the linear part of the error is underestimated")
      }
      linearPart = prediction
    }
    var evaluator = DictionaryEvaluator(
      name: loaded.path, width: source.width, latentCount: autoencoder.latentCount,
      linearPart: linearPart)
    try forEachBatch(fitted..<source.tokens, "tokens", &progress) { activations in
      try evaluator.update(autoencoder, activations)
    }
    return evaluator
  }

  private func forEachBatch(
    _ rows: Range<Int>, _ text: String, _ progress: inout Progress, _ body: (Matrix) throws -> Void
  ) throws {
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: EvaluationRun.batch) {
      let range = first..<min(first + EvaluationRun.batch, rows.upperBound)
      try body(source.finiteMatrix(rows: range))
      if progress.isDue(range.upperBound), range.upperBound < source.tokens {
        progress.show(range.upperBound, text)
      }
    }
  }
}
