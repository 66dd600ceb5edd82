/// The loss of a language model with activations replaced by an SAE's reconstruction, beside its own
/// and that with the activations ablated.
///
/// Cross-entropies are means over all predictions, divergences Kullback–Leibler divergences from the
/// clean model of the same predictions; both in nats.
public struct LossRecovered: Sendable, Equatable {
  /// Sequences that were run.
  public let sequences: Int
  /// Tokens that have one before them in their sequence.
  public let predictions: Int
  /// Cross-entropy of the model as it is.
  public let clean: Double
  /// With the reconstruction in the activations' place.
  public let spliced: Double
  /// With zeros there.
  public let zeroAblated: Double
  /// With the mean activation there.
  public let meanAblated: Double
  /// KL(clean ‖ spliced)
  public let splicedDivergence: Double
  /// KL(clean ‖ zero-ablated)
  public let zeroDivergence: Double
  /// KL(clean ‖ mean-ablated)
  public let meanDivergence: Double

  /// spliced − clean: the cost of the reconstruction.
  public var deltaLoss: Double { spliced - clean }

  /// (zero − spliced) / (zero − clean): 1 is perfect, 0 no better than zeros, negative worse; nil if
  /// zeros do no harm.
  public var lossRecoveredOverZero: Double? { recovered(from: zeroAblated) }

  /// (mean − spliced) / (mean − clean), as ``lossRecoveredOverZero``.
  public var lossRecoveredOverMean: Double? { recovered(from: meanAblated) }

  /// (zero − spliced) / zero, of divergences; nil if zeros do no harm.
  public var divergenceRecovered: Double? {
    zeroDivergence == 0 ? nil : (zeroDivergence - splicedDivergence) / zeroDivergence
  }

  private func recovered(from ablated: Double) -> Double? {
    ablated == clean ? nil : (ablated - spliced) / (ablated - clean)
  }
}
