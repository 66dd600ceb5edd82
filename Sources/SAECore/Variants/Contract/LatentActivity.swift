/// On how many tokens of a batch each latent was active.
public struct LatentActivity: Sendable, Equatable {
  /// Tokens of the batch.
  public let tokens: Int
  /// Tokens on which each latent was not 0.
  public let activeTokens: [Int]
  /// Tokens on which each latent was selected, even at 0.
  public let selectedTokens: [Int]

  /// - Parameters:
  ///   - tokens: tokens of the batch.
  ///   - activeTokens: for each latent on how many of them it was not 0.
  ///   - selectedTokens: nil where only active latents are selected.
  public init(tokens: Int, activeTokens: [Int], selectedTokens: [Int]? = nil) {
    self.tokens = tokens
    self.activeTokens = activeTokens
    self.selectedTokens = selectedTokens ?? activeTokens
  }

  /// The activity of latents that are all there.
  ///
  /// - Parameters:
  ///   - latents: of the batch.
  ///   - value: the magnitude that a latent has to exceed to count as active.
  public init(_ latents: SparseLatents, above value: Float = 0) {
    var active = [Int](repeating: 0, count: latents.latentCount)
    var selected = active
    for (index, activation) in zip(latents.indices, latents.values) {
      selected[Int(index)] += 1
      active[Int(index)] += abs(activation) <= value ? 0 : 1
    }
    self.init(tokens: latents.tokens, activeTokens: active, selectedTokens: selected)
  }

  /// Active latents per token.
  public var l0: Double {
    tokens == 0 ? 0 : Double(activeTokens.reduce(0, +)) / Double(tokens)
  }
}
