/// How long ago each latent last fired, and which ones count as dead.
public struct DeadLatents: Sendable, Equatable {
  /// When a latent counts as dead.
  public let rule: Rule

  /// Tokens (steps under a rule of steps) since each latent fired.
  public private(set) var sinceFiring: [Int]

  /// Counters for `latentCount` latents that have all just fired.
  public init(latentCount: Int, rule: Rule) {
    self.init(sinceFiring: [Int](repeating: 0, count: latentCount), rule: rule)
  }

  /// Counters that go on from a given state.
  public init(sinceFiring: [Int], rule: Rule) {
    self.sinceFiring = sinceFiring
    self.rule = rule
  }

  /// The latents that are dead during a batch, ascending.
  ///
  /// - Parameters:
  ///   - activity: the latents that fire in the batch, from ``activity(of:)``; only rules that include
  ///     the batch look at it.
  public func indices(during activity: @autoclosure () -> LatentActivity) -> [Int] {
    switch rule {
    case .never: return []
    case .tokensBeforeBatch(let limit, _), .stepsBeforeBatch(let limit, _):
      return sinceFiring.indices.filter { sinceFiring[$0] > limit }
    case .tokensIncludingBatch(let limit, _):
      let activity = activity()
      let fired = fired(activity)
      return sinceFiring.indices.filter {
        sinceFiring[$0] + activity.tokens >= limit && fired[$0] == 0
      }
    case .stepsIncludingBatch(let limit, _):
      var after = self
      after.record(activity())
      return sinceFiring.indices.filter { after.sinceFiring[$0] > limit }
    }
  }

  /// The latents that are dead during a batch whose latents are all there, ascending.
  public func indices(during latents: SparseLatents) -> [Int] {
    indices(during: activity(of: latents))
  }

  /// Counts a batch: a latent that fires in it is counted from anew.
  ///
  /// - Parameter activity: as ``activity(of:)`` has it.
  public mutating func record(_ activity: LatentActivity) {
    if rule == .never { return }
    let (fired, elapsed) = (fired(activity), rule.elapsed(inStep: activity.tokens))
    var afterFiring = 0
    if case .stepsIncludingBatch = rule { afterFiring = elapsed }
    for latent in sinceFiring.indices {
      sinceFiring[latent] = fired[latent] > 0 ? afterFiring : sinceFiring[latent] + elapsed
    }
  }

  /// Counts a batch whose latents are all there.
  public mutating func record(_ latents: SparseLatents) { record(activity(of: latents)) }

  /// Counts a batch by the results of its pass.
  mutating func record(_ pass: TrainingPass) {
    // The report's counts serve unless values matter.
    if rule.looksAtValues, let latents = pass.firingLatents {
      record(latents)
    } else {
      record(pass.firing)
    }
  }

  /// The activity of a batch, with the rule's own condition for firing.
  public func activity(of latents: SparseLatents) -> LatentActivity {
    if case .above(let value) = rule.firing { return LatentActivity(latents, above: value) }
    return LatentActivity(latents)
  }

  /// On how many tokens of a batch each latent fired.
  private func fired(_ activity: LatentActivity) -> [Int] {
    rule.firing == .selected ? activity.selectedTokens : activity.activeTokens
  }
}
