/// The page's content on the latents of one autoencoder.
public struct LatentBrowser: Codable, Equatable, Sendable {
  /// The name of the autoencoder, as a heading.
  public var title: String
  /// The dictionary that its latents are compared with: "the broad dictionary"; nil if there is none.
  public var comparedWith: String?
  public var latentCount: Int
  /// Latents that fired at all.
  public var live: Int
  /// Those shown.
  public var cards: [LatentCard]
  /// Texts that contexts and lists refer to by number.
  public var texts: [String]
  /// The figures of a judge's run, if there was one.
  public var judge: JudgeSummary?
  /// Pairs of inputs of different origins, one line per pair; nil if all have one origin.
  public var mismatches: [String]?

  public init(
    title: String, comparedWith: String? = nil, latentCount: Int, live: Int,
    cards: [LatentCard] = [], texts: [String] = [], judge: JudgeSummary? = nil
  ) {
    self.title = title
    self.comparedWith = comparedWith
    self.latentCount = latentCount
    self.live = live
    self.cards = cards
    self.texts = texts
    self.judge = judge
  }
}

/// The page's content on one latent.
public struct LatentCard: Codable, Equatable, Sendable {
  public var latent: Int
  public var firings: Int
  /// Share of the counted tokens.
  public var density: Double
  public var meanActivation: Double
  public var maximumActivation: Double
  public var kind: LatentKind?
  /// Share of its firings on the token it fires on most often.
  public var topTokenShare: Double?
  /// Its largest cosine with a row of the dictionary that it is compared with.
  public var otherCosine: Double?
  public var isUnmatched: Bool?
  /// Whether an unmatched one is there in a training from another seed, too.
  public var isReproduced: Bool?
  /// Firings by strength, in equal parts from 0 to the maximum.
  public var histogram: [Int]
  /// The decoder rows nearest to its own.
  public var neighbors: [Neighbor]
  /// The tokens that its decoder row raises most through the unembedding.
  public var promoted: [Promoted]
  /// Strongest first.
  public var contexts: [Context]
  public var explanation: String?
  /// The judge's balanced accuracy in telling active from inactive texts.
  public var score: Double?

  public struct Neighbor: Codable, Equatable, Sendable {
    public var latent: Int
    public var cosine: Double
  }

  public struct Promoted: Codable, Equatable, Sendable {
    /// Number of a text.
    public var text: Int
    public var logit: Double
  }

  public struct Context: Codable, Equatable, Sendable {
    /// Numbers of texts.
    public var texts: [Int]
    /// Of each token, its activation as a share of the latent's maximum, in 0...9.
    public var strengths: [Int]
    public var activation: Double
  }
}

/// The figures of a judge's run.
public struct JudgeSummary: Codable, Equatable, Sendable {
  public var command: String
  public var latentsJudged: Int
  /// Latents with too few contexts to judge.
  public var latentsLeftOut: Int
  public var requests: Int
  /// Questions whose answer was malformed or did not come.
  public var malformedAnswers: Int
  /// Texts that an answer left open.
  public var unreadableTexts: Int
  public var meanScore: Double?

  /// Why there is no judgment although there were latents to judge; nil if there is one.
  public var problem: String? {
    guard latentsJudged == 0, requests + latentsLeftOut > 0 else { return nil }
    return requests > 0
      ? "--judge \(command): expected answers that can be read, found none that judges a latent in "
        + "\(requests) (\(malformedAnswers) malformed)"
      : "--judge: expected latents with enough contexts to judge, found none of \(latentsLeftOut); take "
        + "more tokens"
  }
}
