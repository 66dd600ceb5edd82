import SAECore

/// A range that a value lies in, by resampling.
public struct ConfidenceInterval: Sendable, Equatable, Codable {
  /// The lower end.
  public var lower: Double
  /// The upper end.
  public var upper: Double
}

/// Resampling of blocks of tokens, such as contexts: tokens of one context are alike, so drawing
/// tokens would make intervals too narrow.
public struct BlockBootstrap: Sendable, Equatable {
  /// How many times blocks are drawn anew, as many as there are, with replacement.
  public var resamples = 1000
  /// Share of the resampled values that the interval holds.
  public var level = 0.95
  /// The seed of the drawn blocks: the same seed gives the same interval.
  public var seed: UInt64 = 0

  /// The settings at their defaults.
  public init() {}

  /// What sums over blocks come to in each resample.
  ///
  /// - Parameter blocks: blocks × sums.
  /// - Returns: resamples × sums; the same bits on any number of threads.
  func totals(of blocks: DoubleMatrix) -> DoubleMatrix {
    let count = blocks.rows
    let draws = Parallel.map(resamples) { index -> [Double] in
      // A generator for each resample: the same draws on any number of threads.
      var generator = RandomGenerator(seed: seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
      var drawn = [Double](repeating: 0, count: count)
      for _ in 0..<count { drawn[generator.index(below: count)] += 1 }
      return drawn
    }
    var totals = DoubleMatrix(rows: resamples, columns: blocks.columns)
    let weights = DoubleMatrix(rows: resamples, columns: count, values: Array(draws.joined()))
    totals.addProduct(weights.factor, blocks.factor)
    return totals
  }

  /// The interval between quantiles of a statistic's values, one for each resample.
  ///
  /// - Returns: nil if the statistic is undefined for a resample, or NaN.
  func interval(_ values: [Double?]) -> ConfidenceInterval? {
    let sorted = values.compactMap { $0 }.filter { !$0.isNaN }.sorted()
    guard sorted.count == values.count, !sorted.isEmpty else { return nil }
    func quantile(_ share: Double) -> Double {
      let place = share * Double(sorted.count - 1)
      let below = Int(place)
      let above = min(below + 1, sorted.count - 1)
      return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
    return ConfidenceInterval(
      lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2))
  }
}
