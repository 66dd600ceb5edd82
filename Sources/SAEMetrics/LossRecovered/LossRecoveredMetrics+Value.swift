extension LossRecoveredMetrics {
  /// Losses in nats a position, and what of an ablation's harm the reconstruction avoids. Undefined
  /// without the run in question, without positions, or where the ablation does no harm.
  public struct Value: Sendable, Equatable, Codable {
    /// Contexts counted.
    public var contexts: Int
    /// Counted positions that predict a token.
    public var positions: Int
    /// Losses, of any run, that are not finite.
    public var nonFinitePositions: Int
    /// Mean cross-entropy of the model as it is, in nats a token.
    public var cleanLoss: Double?
    /// The same with the reconstruction in place of the activations.
    public var splicedLoss: Double?
    /// The same with zeros in their place.
    public var zeroAblatedLoss: Double?
    /// The same with their mean in their place.
    public var meanAblatedLoss: Double?
    /// Mean over counted positions of KL(clean ‖ spliced).
    public var splicedDivergence: Double?
    /// Kullback–Leibler divergence of the zero-ablated model from the clean one, in nats a token.
    public var zeroAblatedDivergence: Double?
    /// Kullback–Leibler divergence of the mean-ablated model from the clean one, in nats a token.
    public var meanAblatedDivergence: Double?
    /// Mean over contexts of each one's ratio: what dictionary_learning reports with batches of one.
    public var contextMeanLossRecoveredOverZero: Double?
    /// The mean over contexts of each context's score against mean ablation.
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
