public import SAECore

/// How many latents are active, and how often each of them is, over any number of batches.
///
/// A latent is active on a token if its activation is not 0, whatever its sign; an entry that holds
/// 0 is not active.
///
/// - Complexity: O(entries + tokens) per update; six numbers per latent are kept.
public struct SparsityMetrics: Metric {
  /// d_sae.
  public let latentCount: Int
  private(set) var tokens = 0
  private(set) var nonFiniteTokens = 0
  /// Tokens with each number of active latents.
  private(set) var tokensByL0: [Int] = []
  /// Σ|z|.
  private(set) var absoluteSum = 0.0
  private(set) var latents: [LatentActivity]
  /// Whether every update said which context its tokens are of.
  private(set) var hasContexts = true

  /// Measures for `latentCount` latents.
  public init(latentCount: Int) {
    precondition(latentCount >= 0, "there cannot be \(latentCount) latents")
    self.latentCount = latentCount
    latents = [LatentActivity](repeating: LatentActivity(), count: latentCount)
  }

  /// Adds the counted tokens of a batch.
  ///
  /// - Parameter batch: with latents. Without contexts, or without them in one update, nothing is said
  ///   about contexts.
  /// - Throws: `ShapeError` if the number of latents differs.
  public mutating func update(_ batch: EncodedBatch) throws(ShapeError) {
    try batch.check(latentCount: latentCount)
    let (latents, contexts) = (batch.latents, batch.mask.contexts)
    if contexts == nil, batch.tokens > 0 { hasContexts = false }
    for row in batch.rows {
      let token = Int(row)
      add(latents, latents.entries(of: token), context: contexts?[token] ?? 0)
    }
  }

  private mutating func add(_ batch: SparseLatents, _ entries: Range<Int>, context: Int) {
    var l0 = 0
    var sum = 0.0
    for entry in entries {
      let value = batch.values[entry]
      guard value != 0 else { continue }
      l0 += 1
      // Infinities of both signs would not cancel to what is true, nor lose against a number.
      let activation = value.isFinite ? Double(value) : .nan
      sum += abs(activation)
      latents[Int(batch.indices[entry])].fire(activation, token: tokens, context: context)
    }
    if sum.isNaN { nonFiniteTokens += 1 }
    while tokensByL0.count <= l0 { tokensByL0.append(0) }
    tokensByL0[l0] += 1
    absoluteSum += sum
    tokens += 1
  }

  /// Adds what another accumulator has counted, as tokens that follow this one's.
  ///
  /// A context with tokens in both counts as two.
  ///
  /// - Throws: `ShapeError` if its number of latents is another.
  public mutating func merge(_ other: SparsityMetrics) throws(ShapeError) {
    try ShapeError.check(
      "merged sparsity metrics", "latents", expected: latentCount, found: other.latentCount)
    for latent in latents.indices {
      latents[latent].merge(other.latents[latent], after: tokens)
    }
    while tokensByL0.count < other.tokensByL0.count { tokensByL0.append(0) }
    for (l0, count) in other.tokensByL0.enumerated() { tokensByL0[l0] += count }
    absoluteSum += other.absoluteSum
    tokens += other.tokens
    nonFiniteTokens += other.nonFiniteTokens
    hasContexts = hasContexts && other.hasContexts
  }

  /// The metrics of all tokens so far.
  public var value: Value { Value(self) }
}

/// What is counted for one latent.
struct LatentActivity: Sendable {
  var firings = 0
  var sum = 0.0
  var maximum = -Double.infinity
  /// Number of the counted token on which it fired last, −1 if none.
  var lastToken = -1
  var contexts = 0
  var lastContext: Int?

  mutating func fire(_ activation: Double, token: Int, context: Int) {
    firings += 1
    sum += activation
    // Once NaN, always NaN.
    if !(activation <= maximum) { maximum = maximum.isNaN ? maximum : activation }
    lastToken = token
    if lastContext != context {
      contexts += 1
      lastContext = context
    }
  }

  mutating func merge(_ other: LatentActivity, after tokens: Int) {
    guard other.firings > 0 else { return }
    firings += other.firings
    sum += other.sum
    if !(other.maximum <= maximum) { maximum = maximum.isNaN ? maximum : other.maximum }
    lastToken = tokens + other.lastToken
    contexts += other.contexts
    lastContext = other.lastContext
  }
}

extension SparseLatents {
  /// L0 of each token: how many of its latents are not 0.
  package func activeCounts() -> [Int] {
    (0..<tokens).map { token in
      entries(of: token).reduce(0) { $0 + (values[$1] != 0 ? 1 : 0) }
    }
  }
}
