import SAECore

/// Intervals of metrics, by resampling blocks of tokens; nil with fewer than two blocks, or where the
/// metric is undefined or NaN.
public struct EvaluationIntervals: Sendable, Equatable, Codable {
  /// FVE.
  public var fractionOfVarianceExplained: ConfidenceInterval?
  /// Mean over tokens of ‖x − x̂‖².
  public var meanSquaredError: ConfidenceInterval?
  /// Mean over tokens of ‖x − x̂‖² / ‖x‖².
  public var normalizedMeanSquaredError: ConfidenceInterval?
  /// Mean over tokens of the cosine of x and x̂.
  public var cosineSimilarity: ConfidenceInterval?
  /// Mean over tokens of ‖x̂‖ / ‖x‖.
  public var normRatio: ConfidenceInterval?
  /// γ = Σ‖x̂‖² / Σ x·x̂.
  public var relativeReconstructionBias: ConfidenceInterval?
  /// Mean over tokens of the active latents.
  public var l0: ConfidenceInterval?
  /// Mean over tokens of Σ|z|.
  public var l1: ConfidenceInterval?
  /// Of ``DarkMatterMetrics/Value/nonlinearFractionOfVarianceUnexplained``, the linear map held fixed.
  public var nonlinearFractionOfVarianceUnexplained: ConfidenceInterval?
  /// Of ``DarkMatterMetrics/Value/linearShare``, the linear map held fixed.
  public var linearShare: ConfidenceInterval?
}

/// Sums of the tokens of consecutive blocks, from which metrics of any set of blocks follow.
///
/// At most ``limit`` blocks are kept: neighbors are then made one, so that memory stays bounded. Blocks
/// follow from their order alone, not from the batches that tokens come in.
struct BlockSums: Sendable {
  fileprivate struct Block: Sendable {
    var tokens = TokenSums()
    var firings = 0
    var absoluteSum = 0.0
    /// Σ‖e − ê‖².
    var unexplained = 0.0
    /// Σ(x − K) of each dimension and Σ‖x − K‖², over this block and all before it: K is the first
    /// token of all, and the sums are there already, in the reconstruction metrics.
    var runningSums: [Double] = []
  }

  /// Blocks that have been begun, before neighbors were made one.
  private(set) var count = 0
  private var blocks: [Block] = []
  private var lastKey: Int?
  /// Original blocks in each, but perhaps the last.
  private var span = 1
  /// Original blocks in the last one.
  private var inLast = 0
  private let limit: Int

  init(limit: Int = 4096) {
    precondition(limit > 1, "\(limit) blocks cannot be resampled")
    self.limit = limit
  }

  /// Adds neighboring tokens of one block.
  ///
  /// - Parameters:
  ///   - key: the block; that of the tokens before, or a new one.
  ///   - products: of each token.
  ///   - latents: of a batch with these tokens.
  ///   - rows: where they are in the batch.
  ///   - unexplained: ‖e − ê‖² of each of them, if the linear part of the error is known.
  ///   - runningSums: of these tokens and all before them.
  mutating func add(
    _ key: Int, _ products: [RowProducts], _ latents: SparseLatents, rows: ArraySlice<UInt32>,
    unexplained: ArraySlice<Double>?, runningSums: [Double]
  ) {
    if key != lastKey { begin(key) }
    let last = blocks.count - 1
    for token in products { blocks[last].tokens.add(token) }
    for row in rows {
      var sum = 0.0
      for entry in latents.entries(of: Int(row)) where latents.values[entry] != 0 {
        blocks[last].firings += 1
        sum += Double(abs(latents.values[entry]))
      }
      blocks[last].absoluteSum += sum
    }
    for rest in unexplained ?? [] { blocks[last].unexplained += rest }
    blocks[last].runningSums = runningSums
  }

  private mutating func begin(_ key: Int) {
    lastKey = key
    count += 1
    if inLast > 0, inLast < span {
      inLast += 1
      return
    }
    if blocks.count == limit {
      halve()
      if inLast < span {
        inLast += 1
        return
      }
    }
    blocks.append(Block())
    inLast = 1
  }

  /// Makes neighbors one.
  private mutating func halve() {
    var merged: [Block] = []
    for first in stride(from: 0, to: blocks.count, by: 2) {
      var block = blocks[first]
      if first + 1 < blocks.count {
        let next = blocks[first + 1]
        block.tokens.merge(next.tokens)
        block.firings += next.firings
        block.absoluteSum += next.absoluteSum
        block.unexplained += next.unexplained
        block.runningSums = next.runningSums
      }
      merged.append(block)
    }
    inLast = blocks.count % 2 == 0 ? 2 * span : span
    span *= 2
    blocks = merged
  }

  func intervals(_ bootstrap: BlockBootstrap, hasLinearPart: Bool) -> EvaluationIntervals {
    var intervals = EvaluationIntervals()
    guard blocks.count > 1, bootstrap.resamples > 0 else { return intervals }
    let totals = bootstrap.totals(of: table())
    func interval(_ statistic: @Sendable (Resample) -> Double?) -> ConfidenceInterval? {
      bootstrap.interval(
        Parallel.map(totals.rows) { statistic(Resample(totals: totals, row: $0)) })
    }
    intervals.fractionOfVarianceExplained = interval { sums in
      ratio(sums[.squaredError], sums.variance).map { 1 - $0 }
    }
    intervals.meanSquaredError = interval { ratio($0[.squaredError], $0[.tokens]) }
    intervals.normalizedMeanSquaredError = interval {
      ratio($0[.relativeSquaredError], $0[.tokensWithNorm])
    }
    intervals.cosineSimilarity = interval { ratio($0[.cosine], $0[.tokensWithBothNorms]) }
    intervals.normRatio = interval { ratio($0[.normRatio], $0[.tokensWithNorm]) }
    intervals.relativeReconstructionBias = interval {
      ratio($0[.squaredReconstructionNorm], $0[.product])
    }
    intervals.l0 = interval { ratio($0[.firings], $0[.tokens]) }
    intervals.l1 = interval { ratio($0[.absoluteSum], $0[.tokens]) }
    guard hasLinearPart else { return intervals }
    intervals.nonlinearFractionOfVarianceUnexplained = interval { sums in
      ratio(sums[.unexplained], sums.variance)
    }
    intervals.linearShare = interval {
      ratio($0[.squaredError] - $0[.unexplained], $0[.squaredError])
    }
    return intervals
  }

  /// Blocks × sums.
  func table() -> DoubleMatrix {
    let width = blocks[0].runningSums.count
    var values: [Double] = []
    values.reserveCapacity(blocks.count * (Sum.allCases.count + width))
    var before = [Double](repeating: 0, count: width)
    for block in blocks {
      for sum in Sum.allCases { values.append(block[sum]) }
      for (sum, earlier) in zip(block.runningSums, before) { values.append(sum - earlier) }
      before = block.runningSums
    }
    return DoubleMatrix(
      rows: blocks.count, columns: Sum.allCases.count + width, values: values)
  }

  /// The sums of a block that are numbers; those of the dimensions follow them.
  fileprivate enum Sum: Int, CaseIterable {
    case tokens, tokensWithNorm, tokensWithBothNorms, squaredError, squaredReconstructionNorm
    case product, relativeSquaredError, normRatio, cosine, firings, absoluteSum, unexplained
  }

  /// The sums of one resample.
  private struct Resample {
    let totals: DoubleMatrix
    let row: Int

    subscript(_ sum: Sum) -> Double { totals[row, sum.rawValue] }

    /// Σ‖x − x̄‖².
    var variance: Double {
      let last = totals.columns - 1
      var between = 0.0
      for column in Sum.allCases.count..<last {
        between += totals[row, column] * totals[row, column]
      }
      return totals[row, last] - between / self[.tokens]
    }
  }
}

extension BlockSums.Block {
  fileprivate subscript(_ sum: BlockSums.Sum) -> Double {
    switch sum {
    case .tokens: Double(tokens.tokens)
    case .tokensWithNorm: Double(tokens.tokensWithNorm)
    case .tokensWithBothNorms: Double(tokens.tokensWithBothNorms)
    case .squaredError: tokens.squaredError
    case .squaredReconstructionNorm: tokens.squaredReconstructionNorm
    case .product: tokens.product
    case .relativeSquaredError: tokens.relativeSquaredError
    case .normRatio: tokens.normRatio
    case .cosine: tokens.cosine
    case .firings: Double(firings)
    case .absoluteSum: absoluteSum
    case .unexplained: unexplained
    }
  }
}
