/// The loss of a language model with activations replaced by an SAE's reconstruction, beside its own
/// and that with the activations ablated.
///
/// Cross-entropies are means over all predictions that count, divergences Kullback–Leibler divergences
/// from the clean model; both in nats. What has nothing to be made of, such as a run that was not
/// measured, is undefined. A NaN means that a loss was not finite.
public struct LossRecovered: Sendable, Equatable, Codable {
  /// Sequences that were run.
  public var sequences: Int
  /// Predictions that count: of tokens that have one before them in their sequence.
  public var predictions: Int
  /// Cross-entropies, of any run, that are not finite.
  public var nonFinitePredictions: Int
  /// Cross-entropy of the model as it is.
  public var clean: Double?
  /// With the reconstruction in the activations' place.
  public var spliced: Double?
  /// With zeros there.
  public var zeroAblated: Double?
  /// With the mean activation there.
  public var meanAblated: Double?
  /// KL(clean ‖ spliced)
  public var splicedDivergence: Double?
  /// KL(clean ‖ zero-ablated)
  public var zeroDivergence: Double?
  /// KL(clean ‖ mean-ablated)
  public var meanDivergence: Double?
  /// Mean over sequences of each one's ``lossRecoveredOverZero``: what dictionary_learning reports with
  /// batches of one.
  public var sequenceMeanLossRecoveredOverZero: Double?
  /// Mean over sequences of each one's ``lossRecoveredOverMean``.
  public var sequenceMeanLossRecoveredOverMean: Double?

  /// spliced − clean: what the reconstruction costs, Gemma Scope's delta LM loss. The one without a
  /// denominator.
  public var deltaLoss: Double? {
    guard let clean, let spliced else { return nil }
    return spliced - clean
  }

  /// (zero − spliced) / (zero − clean): 1 is perfect, 0 no better than zeros, negative worse; undefined
  /// if zeros do no harm. SAELens's `ce_loss_score`. Zeros are a weak opponent: look at ``deltaLoss`` as
  /// well.
  public var lossRecoveredOverZero: Double? {
    recovered(clean: clean, spliced: spliced, ablated: zeroAblated)
  }

  /// (mean − spliced) / (mean − clean), as ``lossRecoveredOverZero``.
  public var lossRecoveredOverMean: Double? {
    recovered(clean: clean, spliced: spliced, ablated: meanAblated)
  }

  /// (zero − spliced) / zero, of divergences; undefined if zeros do no harm. SAELens's `kl_div_score`.
  public var divergenceRecoveredOverZero: Double? {
    recovered(clean: 0, spliced: splicedDivergence, ablated: zeroDivergence)
  }

  /// (mean − spliced) / mean, of divergences.
  public var divergenceRecoveredOverMean: Double? {
    recovered(clean: 0, spliced: splicedDivergence, ablated: meanDivergence)
  }
}

/// (ablated − spliced) / (ablated − clean), undefined where the ablation does no harm.
func recovered(clean: Double?, spliced: Double?, ablated: Double?) -> Double? {
  guard let clean, let spliced, let ablated, ablated - clean != 0 else { return nil }
  return (ablated - spliced) / (ablated - clean)
}
