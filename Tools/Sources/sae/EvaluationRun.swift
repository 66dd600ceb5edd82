import SAECore
import SAEMetrics

/// Measures autoencoders on activations.
struct EvaluationRun {
  let source: any ActivationSource
  /// Tokens that the linear part of the errors is fitted on; the tokens after them are measured.
  let fitted: Int

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

  /// What was measured of one autoencoder.
  struct Result {
    let evaluation: Evaluation
    /// R² of the error's norm by a line in the activations' norm; none where the linear part was not
    /// measured.
    let errorNormByActivationNorm: Double?
  }

  func measure(_ loaded: SAE) throws -> Result {
    try loaded.checkReconstructsItsInput()
    try loaded.check(source)
    let autoencoder = loaded.autoencoder
    var baselines = ErrorNormBaselines()
    var progress = Progress(total: source.tokens)
    func show(_ done: Int, _ text: String) {
      if progress.isDue(done), done < source.tokens { progress.show(done, text) }
    }
    var linearPart: LinearErrorPrediction?
    if fitted > 0 {
      let prediction = try LinearErrorPrediction(of: autoencoder, on: rows(0..<fitted)) {
        rows, batch in
        try baselines.update(batch, isTraining: true)
        show(rows.upperBound, "tokens, fitting the linear part")
      }
      if !prediction.hasEnoughTokens {
        Progress.note(
          "the linear part was fitted on \(fitted) tokens, fewer than 5 for each of "
            + "\(source.width) dimensions: the linear part of the error is underestimated")
      }
      linearPart = prediction
    }
    let evaluation = try evaluate(
      autoencoder, on: rows(fitted..<source.tokens), name: loaded.path, linearPart: linearPart
    ) { rows, batch in
      if fitted > 0 { try baselines.update(batch, isTraining: false) }
      show(fitted + rows.upperBound, "tokens")
    }
    return Result(
      evaluation: evaluation, errorNormByActivationNorm: baselines.activationNormRSquared)
  }

  /// Some rows, all of which have to be finite.
  private func rows(_ range: Range<Int>) -> FiniteActivations {
    FiniteActivations(
      range.count == source.tokens ? source : SelectedActivations(source, [range]))
  }
}
