/// How long each latent has been silent, and which ones count as dead.
public struct DeadLatents: Sendable, Equatable {
  /// When a latent's silence makes it dead; the libraries differ.
  public enum Rule: Sendable, Equatable {
    /// Silent for at least this many tokens, the current batch included, and silent in it: what
    /// dictionary_learning and OpenAI do. A latent that fires now is never dead now.
    case tokensIncludingBatch(Int)
    /// Silent for more than this many tokens before the current batch: sparsify, where a latent that
    /// is selected at 0 has fired as well.
    case tokensBeforeBatch(Int)
    /// Silent for more than this many steps before the current one: SAELens'
    /// `dead_feature_window`.
    case stepsBeforeBatch(Int)
    /// Nothing ever counts as dead.
    case never
  }

  /// When a latent counts as dead.
  public let rule: Rule

  /// Tokens (steps under a rule of steps) since each latent fired.
  public private(set) var silence: [Int]

  /// Counters for `latentCount` latents that have all just fired.
  public init(latentCount: Int, rule: Rule) {
    self.init(silence: [Int](repeating: 0, count: latentCount), rule: rule)
  }

  /// Counters that go on from a given state.
  public init(silence: [Int], rule: Rule) {
    self.silence = silence
    self.rule = rule
  }

  /// The latents that are dead during a batch, ascending.
  ///
  /// - Parameters:
  ///   - activity: what fires in the batch; only rules that include the batch look at it.
  public func indices(during activity: @autoclosure () -> LatentActivity) -> [Int] {
    switch rule {
    case .never: return []
    case .tokensBeforeBatch(let limit), .stepsBeforeBatch(let limit):
      return silence.indices.filter { silence[$0] > limit }
    case .tokensIncludingBatch(let limit):
      let activity = activity()
      return silence.indices.filter {
        silence[$0] + activity.tokens >= limit && activity.activeTokens[$0] == 0
      }
    }
  }

  /// The latents that are dead during a batch whose latents are all there, ascending.
  public func indices(during latents: SparseLatents) -> [Int] {
    indices(during: LatentActivity(latents))
  }

  /// Counts a batch: who fires in it starts anew.
  public mutating func record(_ activity: LatentActivity) {
    if rule == .never { return }
    var counts = activity.activeTokens
    if case .tokensBeforeBatch = rule { counts = activity.selectedTokens }
    var elapsed = activity.tokens
    if case .stepsBeforeBatch = rule { elapsed = 1 }
    for latent in silence.indices {
      silence[latent] = counts[latent] > 0 ? 0 : silence[latent] + elapsed
    }
  }

  /// Counts a batch whose latents are all there.
  public mutating func record(_ latents: SparseLatents) { record(LatentActivity(latents)) }
}
