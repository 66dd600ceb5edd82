extension DeadLatents {
  /// When a latent that does not fire counts as dead; the libraries differ, and their rules have their names.
  public enum Rule: Sendable, Equatable, Codable {
    /// No firing for at least this many tokens, the current batch included: a latent that fires now is
    /// never dead now.
    case tokensIncludingBatch(Int, firing: Firing = .active)
    /// No firing for more than this many tokens before the current batch.
    case tokensBeforeBatch(Int, firing: Firing = .selected)
    /// A counter above this many steps, the current one included, where the step in which a latent
    /// fires counts as one.
    case stepsIncludingBatch(Int, firing: Firing = .above(1e-3))
    /// No firing for more than this many steps before the current one.
    case stepsBeforeBatch(Int, firing: Firing = .active)
    /// Nothing ever counts as dead.
    case never
  }

  /// The condition that a latent has to meet on some token of a batch to have fired in it.
  public enum Firing: Sendable, Equatable, Codable {
    /// Other than 0.
    case active
    /// Selected, even at 0. Where a ``TopKAutoencoder`` or ``Transcoder`` has more places for a token
    /// than positive scores, the lowest of the other latents take the places that are left. The other
    /// libraries leave that choice to their tensor library.
    case selected
    /// Above a value, by magnitude. A step then holds all latents of a batch, even where a variant would
    /// work through them one panel at a time.
    case above(Float)
  }
}

extension DeadLatents.Rule {

  /// The condition under which a latent has fired.
  public var firing: DeadLatents.Firing {
    switch self {
    case .tokensIncludingBatch(_, let firing), .tokensBeforeBatch(_, let firing),
      .stepsIncludingBatch(_, let firing), .stepsBeforeBatch(_, let firing):
      firing
    case .never: .active
    }
  }

  /// Whether the values of latents have to be known.
  var looksAtValues: Bool { if case .above = firing { true } else { false } }

  /// What a step of a number of tokens adds to the counters of latents that do not fire in it.
  func elapsed(inStep tokens: Int) -> Int {
    switch self {
    case .never: 0
    case .tokensIncludingBatch, .tokensBeforeBatch: tokens
    case .stepsIncludingBatch, .stepsBeforeBatch: 1
    }
  }
}
