/// What splicing reconstructions into a model does to its loss, compared with ablation: sums over
/// sequences, of whatever model their losses are.
///
/// Means are taken over all counted predictions first, and ratios made of them once.
public struct LossRecoveredMetrics: Sendable {
  /// What was done to the activations.
  private enum Run: Int, CaseIterable {
    /// Nothing; the reconstruction took their place; zeros did; their mean did.
    case clean, spliced, zero, mean
  }

  private var runs = [RunSums](repeating: RunSums(), count: Run.allCases.count)
  private var sequences = 0
  private var nonFinitePredictions = 0
  private var overZero = RatioSum()
  private var overMean = RatioSum()

  /// Nothing counted yet.
  public init() {}

  /// Adds one sequence: the losses of its predictions that count, in each run that there is.
  ///
  /// - Parameters:
  ///   - clean: of the model as it is; its divergences are not looked at.
  ///   - spliced: with the reconstruction in the activations' place, and the divergences from the clean
  ///     model.
  ///   - zeroAblated: the same with zeros there.
  ///   - meanAblated: the same with the mean activation there.
  public mutating func update(
    clean: TokenLosses, spliced: TokenLosses? = nil, zeroAblated: TokenLosses? = nil,
    meanAblated: TokenLosses? = nil
  ) {
    var own = [RunSums](repeating: RunSums(), count: runs.count)
    for (run, losses) in zip(Run.allCases, [clean, spliced, zeroAblated, meanAblated]) {
      guard let losses else { continue }
      own[run.rawValue].add(losses, hasDivergences: run != .clean)
      nonFinitePredictions += losses.crossEntropies.count { !$0.isFinite }
    }
    for index in runs.indices { runs[index].merge(own[index]) }
    func ratio(against run: Run) -> Double? {
      recovered(
        clean: own[Run.clean.rawValue].meanLoss, spliced: own[Run.spliced.rawValue].meanLoss,
        ablated: own[run.rawValue].meanLoss)
    }
    overZero.add(ratio(against: .zero))
    overMean.add(ratio(against: .mean))
    sequences += 1
  }

  /// Adds what another accumulator has counted.
  public mutating func merge(_ other: LossRecoveredMetrics) {
    for index in runs.indices { runs[index].merge(other.runs[index]) }
    overZero.merge(other.overZero)
    overMean.merge(other.overMean)
    sequences += other.sequences
    nonFinitePredictions += other.nonFinitePredictions
  }

  /// The metrics of all sequences so far.
  public var value: LossRecovered {
    func loss(_ run: Run) -> Double? { runs[run.rawValue].meanLoss }
    func divergence(_ run: Run) -> Double? { runs[run.rawValue].meanDivergence }
    return LossRecovered(
      sequences: sequences, predictions: runs[Run.clean.rawValue].predictions,
      nonFinitePredictions: nonFinitePredictions, clean: loss(.clean), spliced: loss(.spliced),
      zeroAblated: loss(.zero), meanAblated: loss(.mean), splicedDivergence: divergence(.spliced),
      zeroDivergence: divergence(.zero), meanDivergence: divergence(.mean),
      sequenceMeanLossRecoveredOverZero: overZero.mean,
      sequenceMeanLossRecoveredOverMean: overMean.mean)
  }
}

/// Sums of one run over predictions.
private struct RunSums: Sendable {
  var predictions = 0
  var loss = 0.0
  var divergences = 0
  var divergence = 0.0

  mutating func add(_ losses: TokenLosses, hasDivergences: Bool) {
    for value in losses.crossEntropies { loss += value }
    predictions += losses.crossEntropies.count
    guard hasDivergences else { return }
    for value in losses.divergences { divergence += value }
    divergences += losses.divergences.count
  }

  mutating func merge(_ other: RunSums) {
    predictions += other.predictions
    loss += other.loss
    divergences += other.divergences
    divergence += other.divergence
  }

  var meanLoss: Double? { predictions == 0 ? nil : loss / Double(predictions) }
  var meanDivergence: Double? { divergences == 0 ? nil : divergence / Double(divergences) }
}

/// Ratios of single sequences.
private struct RatioSum: Sendable {
  private var count = 0
  private var sum = 0.0

  mutating func add(_ ratio: Double?) {
    guard let ratio else { return }
    count += 1
    sum += ratio
  }

  mutating func merge(_ other: RatioSum) {
    count += other.count
    sum += other.sum
  }

  var mean: Double? { count == 0 ? nil : sum / Double(count) }
}
