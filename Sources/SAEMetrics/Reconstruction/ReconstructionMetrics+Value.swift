import SAECore

extension ReconstructionMetrics {
  /// Reconstruction metrics of the counted tokens.
  ///
  /// r = x − x̂ is the error, x̄ the mean of x, r̄ that of r, over the counted tokens. A metric
  /// without value is undefined: no token, no variance, or nothing to divide by. A NaN means that a
  /// counted token which the metric depends on was not finite.
  public struct Value: Sendable, Equatable, Codable {
    /// N, counted tokens.
    public var tokens: Int
    /// Counted tokens with a NaN or infinity in x or x̂.
    public var nonFiniteTokens: Int
    /// Dimensions with the same value on all tokens, 0 if there are no tokens.
    public var constantDimensions: Int

    /// Mean over tokens of ‖r‖²: summed over the width, as SAELens's `mse`.
    public var meanSquaredError: Double?
    /// ``meanSquaredError`` divided by the width.
    public var meanSquaredErrorPerElement: Double?
    /// Mean over tokens of ‖r‖.
    public var meanErrorNorm: Double?
    /// Mean over tokens of ‖x − x̄‖².
    public var totalVariance: Double?

    /// FVE: 1 − Σ‖r‖² / Σ‖x − x̄‖², from pooled sums.
    public var fractionOfVarianceExplained: Double?
    /// 1 − Σ‖r − r̄‖² / Σ‖x − x̄‖²: forgives a constant error. dictionary_learning's, there averaged
    /// over batches.
    public var centeredResidualFractionOfVarianceExplained: Double?
    /// Mean over the dimensions that are not constant of 1 − Σr² / Σ(x − x̄)².
    public var meanPerDimensionFractionOfVarianceExplained: Double?
    /// 1 − Σ‖r‖² / Σ‖x‖².
    public var uncenteredFractionOfVarianceExplained: Double?
    /// 1 − Σr² / Σ(x − mean of all elements)².
    public var scalarCenteredFractionOfVarianceExplained: Double?

    /// Mean over tokens with ‖x‖ > 0 of ‖r‖² / ‖x‖² (OpenAI's `normalized_mean_squared_error`).
    public var normalizedMeanSquaredError: Double?
    /// Mean over tokens with both norms above 0 of x·x̂ / (‖x‖ ‖x̂‖).
    public var cosineSimilarity: Double?
    /// Tokens left out of ``cosineSimilarity``.
    public var cosineSkippedTokens: Int
    /// Mean of ‖x‖.
    public var meanActivationNorm: Double?
    /// Mean of ‖x̂‖.
    public var meanReconstructionNorm: Double?
    /// Mean over tokens with ‖x‖ > 0 of ‖x̂‖ / ‖x‖: shrinkage if below 1.
    public var normRatio: Double?
    /// Tokens left out of ``normRatio`` and ``normalizedMeanSquaredError``.
    public var normRatioSkippedTokens: Int
    /// γ = Σ‖x̂‖² / Σ x·x̂, from pooled sums: what to divide x̂ by for the least error; shrinkage if
    /// below 1.
    ///
    /// Source: Rajamanoharan et al. 2024, arXiv 2404.16014, equation 10.
    public var relativeReconstructionBias: Double?

    /// FVU = 1 − FVE.
    public var fractionOfVarianceUnexplained: Double? {
      fractionOfVarianceExplained.map { 1 - $0 }
    }

    init(width: Int, moments: ErrorMoments, sums: TokenSums) {
      tokens = sums.tokens
      nonFiniteTokens = sums.nonFiniteTokens
      cosineSkippedTokens = sums.tokens - sums.tokensWithBothNorms
      normRatioSkippedTokens = sums.tokens - sums.tokensWithNorm
      constantDimensions = 0
      guard sums.tokens > 0 else { return }

      let count = Double(sums.tokens)
      /// NaN if what a metric depends on is not finite: infinities would cancel or compare.
      let activations = sums.nonFiniteActivations > 0 ? Double.nan : 0
      let reconstruction = sums.nonFiniteReconstructions > 0 ? Double.nan : 0
      let either = activations + reconstruction

      let spread = Spread(moments)
      constantDimensions = spread.constantDimensions
      let squaredError = sums.squaredError + either
      let deviation = spread.squaredDeviation + activations

      meanSquaredError = squaredError / count
      meanSquaredErrorPerElement = ratio(squaredError / count, Double(width))
      meanErrorNorm = (sums.errorNorm + either) / count
      totalVariance = deviation / count

      func explained(_ error: Double, of total: Double) -> Double? {
        ratio(error, total).map { 1 - ($0 + either) }
      }
      fractionOfVarianceExplained = explained(sums.squaredError, of: deviation)
      centeredResidualFractionOfVarianceExplained = explained(
        spread.squaredResidualDeviation, of: deviation)
      meanPerDimensionFractionOfVarianceExplained = explained(
        spread.sumOfUnexplained, of: Double(width - spread.constantDimensions))
      uncenteredFractionOfVarianceExplained = explained(
        sums.squaredError, of: sums.squaredNorm + activations)
      scalarCenteredFractionOfVarianceExplained = explained(
        sums.squaredError, of: spread.squaredDeviationFromGrandMean + activations)

      let withNorm = Double(sums.tokensWithNorm)
      normalizedMeanSquaredError = ratio(sums.relativeSquaredError + either, withNorm)
      normRatio = ratio(sums.normRatio + either, withNorm)
      cosineSimilarity = ratio(sums.cosine + either, Double(sums.tokensWithBothNorms))
      meanActivationNorm = (sums.norm + activations) / count
      meanReconstructionNorm = (sums.reconstructionNorm + reconstruction) / count
      relativeReconstructionBias = ratio(
        sums.squaredReconstructionNorm + either, sums.product + either)
    }
  }
}

/// Sums over dimensions, in their order.
private struct Spread {
  var constantDimensions = 0
  var squaredDeviation = 0.0
  var squaredResidualDeviation = 0.0
  var squaredDeviationFromGrandMean = 0.0
  /// Σ over dimensions that are not constant of Σr² / Σ(x − x̄)².
  var sumOfUnexplained = 0.0

  init(_ moments: ErrorMoments) {
    let dimensions = 0..<moments.width
    // Relative to the first dimension's mean, so that a common offset costs no digits.
    let reference = dimensions.isEmpty ? 0 : moments.mean(0)
    let offset = dimensions.reduce(0.0) { $0 + (moments.mean($1) - reference) }
    let grandMean = offset / Double(max(1, moments.width))
    for column in dimensions {
      let deviation = moments.squaredDeviation(column)
      squaredDeviation += deviation
      squaredResidualDeviation += moments.squaredResidualDeviation(column)
      let gap = moments.mean(column) - reference - grandMean
      squaredDeviationFromGrandMean += deviation + Double(moments.count) * gap * gap
      if moments.isConstant(column) {
        constantDimensions += 1
      } else {
        sumOfUnexplained += moments.squaredResidual(column) / deviation
      }
    }
  }
}
