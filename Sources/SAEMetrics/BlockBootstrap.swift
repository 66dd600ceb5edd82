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

  /// The interval between quantiles of a statistic.
  ///
  /// - Parameters:
  ///   - blocks: how many there are.
  ///   - statistic: of blocks with how often each was drawn; nil where undefined.
  /// - Returns: nil with fewer than two blocks, or if the statistic is undefined for a resample.
  func interval(
    blocks: Int, _ statistic: @Sendable (_ drawn: [Int]) -> Double?
  ) -> ConfidenceInterval? {
    guard blocks > 1, resamples > 0 else { return nil }
    let values = Parallel.map(resamples) { index -> Double? in
      // A generator for each resample: the same draws on any number of threads.
      var generator = RandomGenerator(seed: seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
      var drawn = [Int](repeating: 0, count: blocks)
      for _ in 0..<blocks { drawn[generator.index(below: blocks)] += 1 }
      return statistic(drawn)
    }
    let sorted = values.compactMap { $0 }.filter { !$0.isNaN }.sorted()
    guard sorted.count == resamples else { return nil }
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

/// Sums of the tokens of each block, from which the FVE and L0 of any set of blocks follow.
struct BlockSums: Sendable {
  private struct Block: Sendable {
    var tokens = 0
    var firings = 0
    var squaredError = 0.0
    /// Σ‖x − K‖².
    var squares = 0.0
    /// Σ(x − K).
    var sum: [Double]
  }

  /// K: the first counted token.
  private var shift: [Double]?
  private var blocks: [Int: Block] = [:]

  var count: Int { blocks.count }

  mutating func add(
    _ x: Matrix, _ y: Matrix, _ latents: SparseLatents, block: (Int) -> Int
  ) {
    for row in 0..<x.rows {
      let (a, b) = (x.row(row), y.row(row))
      let shift = self.shift ?? a.indices.map { Double(a[$0]) }
      self.shift = shift
      let key = block(row)
      var sums =
        blocks.removeValue(forKey: key) ?? Block(sum: [Double](repeating: 0, count: a.count))
      sums.tokens += 1
      for entry in latents.entries(of: row) where latents.values[entry] != 0 {
        sums.firings += 1
      }
      for column in a.indices {
        let difference = Double(a[column]) - shift[column]
        let error = Double(a[column]) - Double(b[column])
        sums.sum[column] += difference
        sums.squares += difference * difference
        sums.squaredError += error * error
      }
      blocks[key] = sums
    }
  }

  func intervals(
    _ bootstrap: BlockBootstrap
  ) -> (explained: ConfidenceInterval?, l0: ConfidenceInterval?) {
    let ordered = blocks.sorted { $0.key < $1.key }.map(\.value)
    let explained = bootstrap.interval(blocks: ordered.count) { drawn in
      var total = Block(sum: [Double](repeating: 0, count: ordered[0].sum.count))
      for (block, times) in zip(ordered, drawn) where times > 0 {
        let weight = Double(times)
        total.tokens += times * block.tokens
        total.squaredError += weight * block.squaredError
        total.squares += weight * block.squares
        for column in total.sum.indices { total.sum[column] += weight * block.sum[column] }
      }
      let between = total.sum.reduce(0) { $0 + $1 * $1 } / Double(total.tokens)
      return ratio(total.squaredError, total.squares - between).map { 1 - $0 }
    }
    let l0 = bootstrap.interval(blocks: ordered.count) { drawn in
      let tokens = zip(ordered, drawn).reduce(0) { $0 + $1.0.tokens * $1.1 }
      let firings = zip(ordered, drawn).reduce(0) { $0 + $1.0.firings * $1.1 }
      return ratio(Double(firings), Double(tokens))
    }
    return (explained, l0)
  }
}
