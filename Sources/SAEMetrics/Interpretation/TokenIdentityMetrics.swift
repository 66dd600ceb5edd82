public import SAECore

#if canImport(Darwin)
  import Darwin
#else
  import Foundation
#endif

/// Whether latents are about tokens rather than concepts: on which token ids each one fires.
///
/// The definitions are this library's own; no published text says how triviality was measured.
///
/// - Complexity: a small table per latent, of the ids that it fires on.
public struct TokenIdentityMetrics: Metric {
  /// F, how many ids count as frequent.
  public let frequentCount: Int
  private var tokens = 0
  private var nonFiniteTokens = 0
  private var idCounts: [Int: Int] = [:]
  private var firings: [[Int: ActiveSum]]

  /// Counts for `latentCount` latents.
  ///
  /// - Parameters:
  ///   - latentCount: d_sae.
  ///   - frequentCount: how many ids count as frequent: of equally common ones the smaller.
  public init(latentCount: Int, frequentCount: Int = 100) {
    self.frequentCount = frequentCount
    firings = [[Int: ActiveSum]](repeating: [:], count: latentCount)
  }

  /// Adds the counted tokens of a batch.
  ///
  /// - Parameter batch: with latents and token ids.
  /// - Throws: `ShapeError` if the number of latents differs, or there are no token ids.
  public mutating func update(_ batch: EncodedBatch) throws(ShapeError) {
    try batch.check(latentCount: firings.count)
    let (latents, tokenIDs) = (batch.latents, try batch.knownTokenIDs())
    for row in batch.rows {
      let id = tokenIDs[Int(row)]
      tokens += 1
      idCounts[id, default: 0] += 1
      var finite = true
      for entry in latents.entries(of: Int(row)) where latents.values[entry] != 0 {
        let value = Double(latents.values[entry])
        finite = finite && value.isFinite
        firings[Int(latents.indices[entry])][id, default: ActiveSum()].add(
          value.isFinite ? value : .nan)
      }
      if !finite { nonFiniteTokens += 1 }
    }
  }

  /// Adds what another accumulator has counted.
  ///
  /// - Throws: `ShapeError` if its number of latents is another.
  /// - Precondition: as many ids count as frequent.
  public mutating func merge(_ other: TokenIdentityMetrics) throws(ShapeError) {
    try ShapeError.check(
      "merged token identity", "latents", expected: firings.count, found: other.firings.count)
    precondition(frequentCount == other.frequentCount, "other numbers of ids are frequent")
    tokens += other.tokens
    nonFiniteTokens += other.nonFiniteTokens
    idCounts.merge(other.idCounts, uniquingKeysWith: +)
    for latent in firings.indices {
      firings[latent].merge(other.firings[latent]) { $0.merged(with: $1) }
    }
  }

  /// The token ids on which one latent fires.
  public struct Latent: Sendable, Equatable, Codable {
    /// Tokens in which the latent fired.
    public var firings: Int
    /// The id on which it fires most often, the smaller of two.
    public var topToken: Int
    /// Share of its firings on that id.
    public var topTokenShare: Double
    /// Largest share of Σ|z| on one id.
    public var topTokenMassShare: Double
    /// Entropy, in bits, of the id over its firings.
    public var tokenEntropy: Double
    /// 2^entropy: 1 for a latent of a single token.
    public var effectiveTokens: Double
    /// Share of its firings on the frequent ids.
    public var frequentTokenShare: Double
    /// That share, divided by the frequent ids' share of all tokens; above 1: drawn to them.
    public var frequentTokenLift: Double?
    /// Share of the variance of z, over all counted tokens, that the mean over each id explains, in
    /// sample: 1 for a lookup table. It rises with rare ids. Undefined if z never changes.
    public var tokenIdentityRSquared: Double?
  }

  /// Token identity of all latents.
  public struct Value: Sendable, Equatable, Codable {
    /// Tokens counted.
    public var tokens: Int
    /// Counted tokens with a NaN or infinity.
    public var nonFiniteTokens: Int
    /// Different ids among the tokens.
    public var differentTokens: Int
    /// The commonest ids, ascending.
    public var frequentTokens: [Int]
    /// Their share of all tokens.
    public var frequentTokenCoverage: Double?
    /// One for each latent; nil if it never fired.
    public var latents: [Latent?]
    /// Latents with a top token among the frequent ones that takes at least half of their firings.
    public var trivialLatents: [Int]
    /// Their share of the latents that fired.
    public var trivialFraction: Double?
  }

  /// The metrics of all tokens so far.
  public var value: Value {
    let common = idCounts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(frequentCount)
    let frequent = Set(common.map(\.key))
    let coverage = ratio(Double(common.reduce(0) { $0 + $1.value }), Double(tokens))
    let latents = firings.map { latent($0, frequent, coverage) }
    let trivial = latents.indices.filter { index in
      guard let latent = latents[index] else { return false }
      return latent.topTokenShare >= 0.5 && frequent.contains(latent.topToken)
    }
    return Value(
      tokens: tokens, nonFiniteTokens: nonFiniteTokens, differentTokens: idCounts.count,
      frequentTokens: frequent.sorted(), frequentTokenCoverage: coverage, latents: latents,
      trivialLatents: trivial,
      trivialFraction: ratio(Double(trivial.count), Double(latents.count { $0 != nil })))
  }

  private func latent(
    _ table: [Int: ActiveSum], _ frequent: Set<Int>, _ coverage: Double?
  ) -> Latent? {
    // In the order of the ids: a dictionary's differs from run to run.
    let entries = table.sorted { $0.key < $1.key }
    let count = entries.reduce(0) { $0 + $1.value.count }
    guard count > 0,
      let top = entries.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) })
    else { return nil }
    let mass = entries.map(\.value.absoluteSum)
    let totalMass = mass.reduce(0, +)
    let bits = entropy(entries.map(\.value.count))
    let onFrequent = entries.reduce(0) {
      $0 + (frequent.contains($1.key) ? $1.value.count : 0)
    }
    let share = Double(onFrequent) / Double(count)
    return Latent(
      firings: count, topToken: top.key, topTokenShare: Double(top.value.count) / Double(count),
      topTokenMassShare: totalMass.isNaN ? .nan : (mass.max() ?? 0) / totalMass,
      tokenEntropy: bits, effectiveTokens: exp2(bits), frequentTokenShare: share,
      frequentTokenLift: coverage.flatMap { ratio(share, $0) },
      tokenIdentityRSquared: rSquared(entries.map { ($0.key, $0.value) }))
  }

  private func rSquared(_ entries: [(id: Int, sum: ActiveSum)]) -> Double? {
    var within = 0.0
    var total = ActiveSum()
    for (id, sum) in entries {
      let all = sum.withZeros(idCounts[id, default: sum.count] - sum.count)
      within += all.squaredDeviation
      total = total.merged(with: all)
    }
    return ratio(within, total.withZeros(tokens - total.count).squaredDeviation).map { 1 - $0 }
  }
}

/// Count, mean and spread of activations (Welford, Chan).
struct ActiveSum: Sendable {
  private(set) var count = 0
  private(set) var absoluteSum = 0.0
  private(set) var squaredDeviation = 0.0
  private var mean = 0.0

  mutating func add(_ value: Double) {
    count += 1
    absoluteSum += abs(value)
    let before = value - mean
    mean += before / Double(count)
    squaredDeviation += before * (value - mean)
  }

  func merged(with other: ActiveSum) -> ActiveSum {
    guard other.count > 0 else { return self }
    guard count > 0 else { return other }
    var result = self
    let (mine, theirs) = (Double(count), Double(other.count))
    let gap = other.mean - mean
    result.count += other.count
    result.absoluteSum += other.absoluteSum
    result.mean += gap * theirs / (mine + theirs)
    result.squaredDeviation +=
      other.squaredDeviation + gap * gap * mine * theirs / (mine + theirs)
    return result
  }

  func withZeros(_ zeros: Int) -> ActiveSum {
    var inactive = ActiveSum()
    inactive.count = zeros
    return merged(with: inactive)
  }
}
