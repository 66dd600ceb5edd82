extension LossRecoveredMetrics {
  /// Losses in nats a position, and what of an ablation's harm the reconstruction avoids. Undefined
  /// without the run in question, without positions, or where the ablation does no harm.
  public struct Value: Sendable, Equatable, Codable {
    public var contexts: Int
    /// Counted positions that predict a token.
    public var positions: Int
    /// Losses, of any run, that are not finite.
    public var nonFinitePositions: Int
    public var cleanLoss: Double?
    public var splicedLoss: Double?
    public var zeroAblatedLoss: Double?
    public var meanAblatedLoss: Double?
    /// Mean over counted positions of KL(clean ‖ spliced).
    public var splicedDivergence: Double?
    public var zeroAblatedDivergence: Double?
    public var meanAblatedDivergence: Double?
    /// Mean over contexts of each one's ratio: what dictionary_learning reports with batches of one.
    public var contextMeanLossRecoveredOverZero: Double?
    public var contextMeanLossRecoveredOverMean: Double?

    /// Spliced minus clean loss: Gemma Scope's delta LM loss. The one without a denominator.
    public var deltaLoss: Double? {
      guard let cleanLoss, let splicedLoss else { return nil }
      return splicedLoss - cleanLoss
    }

    /// (zero − spliced) / (zero − clean): 1 is perfect, 0 no better than zeros, negative worse.
    /// SAELens's `ce_loss_score`. Zeros are a weak opponent: look at ``deltaLoss`` as well.
    public var lossRecoveredOverZero: Double? {
      lossRecovered(clean: cleanLoss, spliced: splicedLoss, ablated: zeroAblatedLoss)
    }

    /// (mean − spliced) / (mean − clean).
    public var lossRecoveredOverMean: Double? {
      lossRecovered(clean: cleanLoss, spliced: splicedLoss, ablated: meanAblatedLoss)
    }

    /// (zero − spliced) / zero of the divergences: SAELens's `kl_div_score`.
    public var divergenceRecoveredOverZero: Double? {
      lossRecovered(clean: 0, spliced: splicedDivergence, ablated: zeroAblatedDivergence)
    }

    /// (mean − spliced) / mean of the divergences.
    public var divergenceRecoveredOverMean: Double? {
      lossRecovered(clean: 0, spliced: splicedDivergence, ablated: meanAblatedDivergence)
    }
  }
}
