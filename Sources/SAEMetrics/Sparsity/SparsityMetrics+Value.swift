#if canImport(Darwin)
  import Darwin
#else
  import Foundation
#endif

extension SparsityMetrics {
  /// Sparsity of the counted tokens. A metric without value is undefined: no tokens, or a latent
  /// that never fired. A NaN means that a counted latent activation was not finite.
  public struct Value: Sendable, Equatable, Codable {
    /// N, counted tokens: what "dead" and the densities refer to.
    public var tokens: Int
    /// Counted tokens with a NaN or infinity.
    public var nonFiniteTokens: Int
    /// Mean number of active latents of a token.
    public var l0: Double?
    /// Mean over tokens of Σ|z|.
    public var l1: Double?
    /// Tokens with 0, 1, 2 … active latents.
    public var tokensByL0: [Int]
    /// Tokens on which each latent is active.
    public var firingCounts: [Int]
    /// Counted tokens since the last firing of each latent, N if there is none.
    public var tokensSinceFired: [Int]
    /// Mean of each latent's activations other than 0.
    public var meanActivationWhenActive: [Double?]
    /// Each latent's largest activation other than 0; 0 if it never fired.
    public var maximumActivation: [Double]
    /// Firings of each latent per context in which it fires at all (SAELens's
    /// `consistent_activation_heuristic`); undefined also if contexts were not given.
    public var firingsPerActiveContext: [Double?]

    init(_ metrics: SparsityMetrics) {
      tokens = metrics.tokens
      nonFiniteTokens = metrics.nonFiniteTokens
      tokensByL0 = metrics.tokensByL0
      let count = Double(metrics.tokens)
      let firings = metrics.tokensByL0.enumerated().reduce(0) { $0 + $1.offset * $1.element }
      l0 = ratio(Double(firings), count)
      l1 = ratio(metrics.absoluteSum, count)
      firingCounts = metrics.latents.map(\.firings)
      tokensSinceFired = metrics.latents.map {
        $0.firings == 0 ? metrics.tokens : metrics.tokens - 1 - $0.lastToken
      }
      meanActivationWhenActive = metrics.latents.map { ratio($0.sum, Double($0.firings)) }
      maximumActivation = metrics.latents.map { $0.firings == 0 ? 0 : $0.maximum }
      firingsPerActiveContext = metrics.latents.map {
        metrics.hasContexts ? ratio(Double($0.firings), Double($0.contexts)) : nil
      }
    }
  }
}

extension SparsityMetrics.Value {
  /// Share of the counted tokens on which each latent is active; undefined without tokens.
  public var density: [Double?] { firingCounts.map { ratio(Double($0), Double(tokens)) } }

  /// log₁₀(density + 10⁻¹⁰): a latent that never fired stands at −10.
  public var logDensity: [Double?] { density.map { $0.map { log10($0 + 1e-10) } } }

  /// Latents that fired on none of the ``tokens`` counted; undefined without tokens.
  public var latentsThatNeverFired: [Int]? {
    tokens == 0 ? nil : firingCounts.indices.filter { firingCounts[$0] == 0 }
  }

  /// Share of the latents that fired on at least one of the ``tokens`` counted.
  public var aliveFraction: Double? {
    latentsThatNeverFired.flatMap { ratio(Double(firingCounts.count - $0.count), latentCount) }
  }

  /// Latents with a density above `threshold`.
  ///
  /// 0.1 is the threshold of "dense" in Sun et al. 2025 (arXiv 2506.15679) and SAEBench.
  public func denseLatents(threshold: Double = 0.1) -> [Int]? {
    guard tokens > 0 else { return nil }
    return density.indices.filter { (density[$0] ?? 0) > threshold }
  }

  /// Share of the latents with a density above `threshold` (SAEBench's `freq_over_…`).
  public func fractionOfLatents(denserThan threshold: Double) -> Double? {
    denseLatents(threshold: threshold).flatMap { ratio(Double($0.count), latentCount) }
  }

  /// Share of all firings that is of latents with a density above `threshold` (SAEBench's
  /// `normalized_freq_over_…`); undefined if nothing fired.
  package func shareOfFirings(denserThan threshold: Double) -> Double? {
    denseLatents(threshold: threshold).flatMap { dense in
      let firings = dense.reduce(0) { $0 + firingCounts[$1] }
      return ratio(Double(firings), Double(firingCounts.reduce(0, +)))
    }
  }

  /// Latents that fired, by log₁₀(density + 10⁻¹⁰), in the bins between ascending edges: a bin
  /// begins with its lower edge, the last one has both. Latents that never fired are in none.
  public func logDensityHistogram(edges: [Double]) -> [Int]? {
    guard tokens > 0 else { return nil }
    precondition(edges.count > 1, "a histogram needs two edges, found \(edges.count)")
    precondition(zip(edges, edges.dropFirst()).allSatisfy(<), "the edges do not ascend")
    var bins = [Int](repeating: 0, count: edges.count - 1)
    for (value, count) in zip(logDensity, firingCounts) where count > 0 {
      guard let value, value >= edges[0] else { continue }
      if let above = edges.firstIndex(where: { value < $0 }) {
        bins[above - 1] += 1
      } else if value <= edges[edges.count - 1] + SparsityMetrics.Value.edgeTolerance {
        bins[bins.count - 1] += 1
      }
    }
    return bins
  }

  /// What the 10⁻¹⁰ in the logarithm lifts a density of 1 above 0.
  private static let edgeTolerance = 1e-10

  /// The smallest L0 that at least a share of the tokens do not exceed: 0.5 for the median.
  public func l0Quantile(_ share: Double) -> Int? {
    precondition(share >= 0 && share <= 1, "\(share) is no share of the tokens")
    guard tokens > 0 else { return nil }
    let wanted = max(1, Int((share * Double(tokens)).rounded(.up)))
    var seen = 0
    return tokensByL0.indices.first { l0 in
      seen += tokensByL0[l0]
      return seen >= wanted
    }
  }

  private var latentCount: Double { Double(firingCounts.count) }
}
