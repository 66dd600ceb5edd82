/// The figures of one autoencoder on one set of tokens.
///
/// It holds the values of whole metrics, so that a figure that a metric gains is here as well. Figures that
/// have an interval are offered with it.
public struct Evaluation: Sendable, Equatable, Codable {
  /// What the dictionary is called in tables.
  public var name: String
  /// The number of its latents.
  public var latentCount: Int
  /// Contexts, or blocks of tokens, that were counted.
  public var contexts: Int
  /// How well it reconstructs.
  public var reconstruction: ReconstructionMetrics.Value
  /// How many latents it needs for that, and how often each of them is active.
  public var sparsity: SparsityMetrics.Value
  /// Intervals of the figures, by resampling contexts.
  public var intervals = EvaluationIntervals()
  /// How much of the error is linear, if that was measured.
  public var darkMatter: DarkMatterMetrics.Value?

  /// Tokens that were counted.
  public var tokens: Int { reconstruction.tokens }
  /// FVE: 1 − Σ‖x − x̂‖² / Σ‖x − x̄‖², from pooled sums.
  public var fractionOfVarianceExplained: Measured {
    Measured(reconstruction.fractionOfVarianceExplained, intervals.fractionOfVarianceExplained)
  }
  /// Mean over tokens of ‖x − x̂‖², summed over the width.
  public var meanSquaredError: Measured {
    Measured(reconstruction.meanSquaredError, intervals.meanSquaredError)
  }
  /// Mean over tokens with ‖x‖ > 0 of ‖x − x̂‖² / ‖x‖².
  public var normalizedMeanSquaredError: Measured {
    Measured(reconstruction.normalizedMeanSquaredError, intervals.normalizedMeanSquaredError)
  }
  /// Mean over tokens of the cosine of x and x̂.
  public var cosineSimilarity: Measured {
    Measured(reconstruction.cosineSimilarity, intervals.cosineSimilarity)
  }
  /// Mean over tokens with ‖x‖ > 0 of ‖x̂‖ / ‖x‖: shrinkage if below 1.
  public var normRatio: Measured { Measured(reconstruction.normRatio, intervals.normRatio) }
  /// γ = Σ‖x̂‖² / Σ x·x̂, from pooled sums: shrinkage if below 1.
  public var relativeReconstructionBias: Measured {
    Measured(reconstruction.relativeReconstructionBias, intervals.relativeReconstructionBias)
  }
  /// Mean number of active latents per token.
  public var l0: Measured { Measured(sparsity.l0, intervals.l0) }
  /// Mean over tokens of Σ|z|.
  public var l1: Measured { Measured(sparsity.l1, intervals.l1) }
  /// Σ‖e − ê‖² / Σ‖x − x̄‖²: what the error's nonlinear part leaves unexplained, the linear map held
  /// fixed. Undefined where that was not measured.
  public var nonlinearFractionOfVarianceUnexplained: Measured {
    Measured(
      darkMatter?.nonlinearFractionOfVarianceUnexplained,
      intervals.nonlinearFractionOfVarianceUnexplained)
  }
  /// The share of the error that is linear in the activations, the linear map held fixed. Undefined
  /// where that was not measured.
  public var linearShare: Measured { Measured(darkMatter?.linearShare, intervals.linearShare) }
}

/// A number, and the interval that it lies in.
public struct Measured: Sendable, Equatable, Codable {
  /// The number; nil where it is undefined.
  public var value: Double?
  /// The interval, by resampling blocks of tokens; nil with fewer than two blocks, or where the value
  /// is undefined for some of them.
  public var interval: ConfidenceInterval?

  /// A number with its interval.
  public init(_ value: Double?, _ interval: ConfidenceInterval? = nil) {
    self.value = value
    self.interval = interval
  }
}
