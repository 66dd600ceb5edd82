public import SAECore

/// What splicing reconstructions into a model does to its loss, compared with ablation.
///
/// One update a context, with the logits of the model run clean, with the reconstruction in place of
/// the activations, and with zeros or the mean activation in their place. Means are taken over all
/// counted positions first, and ratios made of them once.
public struct LossRecoveredMetrics: Sendable {
  /// What was done to the activations.
  public enum Run: Int, Sendable, CaseIterable {
    /// Nothing.
    case clean
    /// The reconstruction took their place.
    case spliced
    /// Zeros did.
    case zero
    /// Their mean did.
    case mean
  }

  private var runs = [RunSums](repeating: RunSums(), count: Run.allCases.count)
  private var contexts = 0
  private var nonFinitePositions = 0
  private var contextRatios = [ContextRatios(), ContextRatios()]

  /// Nothing counted yet.
  public init() {}

  /// Adds one context.
  ///
  /// - Parameters:
  ///   - tokens: token ids; position t predicts token t + 1.
  ///   - clean: positions × vocabulary, of the model untouched.
  ///   - spliced: the same with the reconstruction spliced in.
  ///   - zero: the same with the activations set to 0.
  ///   - mean: the same with the activations set to their mean.
  ///   - mask: for each position whether it counts, by its own token.
  ///   - targetMask: for each position whether it counts as what is predicted: false for padding.
  /// - Throws: `ShapeError` if there are not logits for each token, or ids lie outside the
  ///   vocabulary.
  public mutating func update(
    tokens: [Int], clean: Matrix, spliced: Matrix? = nil, zero: Matrix? = nil,
    mean: Matrix? = nil, mask: [Bool]? = nil, targetMask: [Bool]? = nil
  ) throws(ShapeError) {
    for matrix in [clean, spliced, zero, mean] {
      guard let matrix else { continue }
      try CountedTokens.check("logits", "rows", expected: tokens.count, found: matrix.rows)
      try CountedTokens.check(
        "logits", "columns", expected: clean.columns, found: matrix.columns)
    }
    if let outside = tokens.first(where: { $0 < 0 || $0 >= clean.columns }) {
      throw ShapeError(
        "token \(outside)", "columns or more", expected: outside + 1, found: clean.columns)
    }
    if let targetMask {
      try CountedTokens.check(
        "target mask", "tokens", expected: tokens.count, found: targetMask.count)
    }
    let counted = try CountedTokens.rows(tokens.count, mask: mask).map { Int($0) }
    let predicting = counted.filter { $0 + 1 < tokens.count && targetMask?[$0 + 1] != false }

    var own = [RunSums](repeating: RunSums(), count: runs.count)
    for (run, logits) in zip(Run.allCases, [clean, spliced, zero, mean]) {
      guard let logits else { continue }
      let losses = ContextLosses(logits, clean: run == .clean ? nil : clean, tokens: tokens)
      for position in predicting { own[run.rawValue].add(losses.crossEntropy[position]) }
      if run != .clean {
        for position in counted { own[run.rawValue].addDivergence(losses.divergence[position]) }
      }
      nonFinitePositions += predicting.count { !losses.crossEntropy[$0].isFinite }
    }
    for index in runs.indices { runs[index].merge(own[index]) }
    contextRatios[0].add(own, against: .zero)
    contextRatios[1].add(own, against: .mean)
    contexts += 1
  }

  /// Adds what another accumulator has counted.
  public mutating func merge(_ other: LossRecoveredMetrics) {
    for index in runs.indices { runs[index].merge(other.runs[index]) }
    for index in contextRatios.indices { contextRatios[index].merge(other.contextRatios[index]) }
    contexts += other.contexts
    nonFinitePositions += other.nonFinitePositions
  }

  /// The metrics of all contexts so far.
  public var value: Value {
    func loss(_ run: Run) -> Double? { runs[run.rawValue].meanLoss }
    func divergence(_ run: Run) -> Double? { runs[run.rawValue].meanDivergence }
    return Value(
      contexts: contexts, positions: runs[Run.clean.rawValue].positions,
      nonFinitePositions: nonFinitePositions, cleanLoss: loss(.clean), splicedLoss: loss(.spliced),
      zeroAblatedLoss: loss(.zero), meanAblatedLoss: loss(.mean),
      splicedDivergence: divergence(.spliced), zeroAblatedDivergence: divergence(.zero),
      meanAblatedDivergence: divergence(.mean),
      contextMeanLossRecoveredOverZero: contextRatios[0].mean,
      contextMeanLossRecoveredOverMean: contextRatios[1].mean)
  }
}

/// Sums of one run over positions.
struct RunSums: Sendable {
  var positions = 0
  var loss = 0.0
  var divergencePositions = 0
  var divergence = 0.0

  mutating func add(_ value: Double) {
    positions += 1
    loss += value
  }

  mutating func addDivergence(_ value: Double) {
    divergencePositions += 1
    divergence += value
  }

  mutating func merge(_ other: RunSums) {
    positions += other.positions
    loss += other.loss
    divergencePositions += other.divergencePositions
    divergence += other.divergence
  }

  var meanLoss: Double? { ratio(loss, Double(positions)) }
  var meanDivergence: Double? { ratio(divergence, Double(divergencePositions)) }
}

/// Ratios of single contexts.
private struct ContextRatios: Sendable {
  var count = 0
  var sum = 0.0

  mutating func add(_ runs: [RunSums], against run: LossRecoveredMetrics.Run) {
    guard
      let value = lossRecovered(
        clean: runs[0].meanLoss, spliced: runs[1].meanLoss, ablated: runs[run.rawValue].meanLoss)
    else { return }
    count += 1
    sum += value
  }

  mutating func merge(_ other: ContextRatios) {
    count += other.count
    sum += other.sum
  }

  var mean: Double? { ratio(sum, Double(count)) }
}

/// (ablated − spliced) / (ablated − clean).
func lossRecovered(clean: Double?, spliced: Double?, ablated: Double?) -> Double? {
  guard let clean, let spliced, let ablated else { return nil }
  return ratio(ablated - spliced, ablated - clean)
}
