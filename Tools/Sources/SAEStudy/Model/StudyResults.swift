import Foundation
import SAECore
import SAEMetrics

/// The results of a study: the content of `results.json`.
public struct StudyResults: Codable, Equatable, Sendable {
  public var configuration: StudyConfiguration
  /// The source of the activations: a model's layer, or a synthetic world.
  public var subject: String
  public var libraryVersion: String
  /// Different tokens that each arm was trained on.
  public var streamTokens: Int
  public var autoencoders: [AutoencoderResult]
  /// One for each width.
  public var comparisons: [WidthComparison]
  /// One for each arm, width and sparsity that was trained from several seeds.
  public var stability: [StabilityResult]
  /// One for each domain autoencoder.
  public var unmatched: [UnmatchedResult]
  /// One for each autoencoder whose latents a judge was asked about.
  public var judgments: [JudgmentResult] = []
  /// Notes on the data; empty if there are none.
  public var notes: [String]?
  /// Autoencoders whose training failed; they were not measured.
  public var failures: [StudyFailure]?

  public func json() throws -> Data { try StudyJSON.encode(self) }

  /// Reads the text that ``json()`` writes.
  public init(json: Data) throws { self = try StudyJSON.decode(StudyResults.self, from: json) }

  public init(
    configuration: StudyConfiguration, subject: String, libraryVersion: String, streamTokens: Int,
    autoencoders: [AutoencoderResult], stability: [StabilityResult] = [],
    unmatched: [UnmatchedResult] = []
  ) {
    self.configuration = configuration
    self.subject = subject
    self.libraryVersion = libraryVersion
    self.streamTokens = streamTokens
    self.autoencoders = autoencoders
    self.stability = stability
    self.unmatched = unmatched
    comparisons = WidthComparison.all(autoencoders)
  }
}

/// Why the training of one autoencoder failed.
public struct StudyFailure: Codable, Equatable, Sendable {
  /// ``AutoencoderPlan/name``
  public var autoencoder: String
  public var reason: String
}

/// The text that an autoencoder was trained on.
public enum StudyArm: String, Codable, CaseIterable, Sendable {
  case domain, broad
  /// On broad text, with a small autoencoder beside it that learned its error on the domain.
  case boosted
}

/// The kinds of text that autoencoders are judged on.
public enum StudyText: String, Codable, CaseIterable, Sendable {
  case domain, broad
}

/// One autoencoder of the grid.
public struct AutoencoderPlan: Codable, Hashable, Sendable {
  public var arm: StudyArm
  /// Of the dictionary; for a boosted one of its broad base.
  public var latents: Int
  /// As the configuration has it.
  public var sparsity: Double
  public var seed: UInt64

  public init(arm: StudyArm, latents: Int, sparsity: Double, seed: UInt64) {
    self.arm = arm
    self.latents = latents
    self.sparsity = sparsity
    self.seed = seed
  }

  /// Such as `domain-1024-32-s0`; the name of its directory.
  public var name: String {
    let text = sparsity == sparsity.rounded() && sparsity < 1e9 ? "\(Int(sparsity))" : "\(sparsity)"
    return "\(arm.rawValue)-\(latents)-\(text)-s\(seed)"
  }
}

/// The measurements of one autoencoder.
public struct AutoencoderResult: Codable, Equatable, Sendable {
  public var plan: AutoencoderPlan
  /// Latents in all: with the booster's for a boosted one.
  public var latentCount: Int
  /// Tokens it was trained on; the booster's not counted.
  public var trainingTokens: Int
  public var onDomain: AutoencoderMeasurement
  public var onBroad: AutoencoderMeasurement
  /// The known features that it found; nil for a real model.
  public var recovery: Recovery?
  /// The warnings of its training; empty if there are none.
  public var warnings: [TrainingWarning]?

  public init(
    plan: AutoencoderPlan, latentCount: Int, trainingTokens: Int, onDomain: AutoencoderMeasurement,
    onBroad: AutoencoderMeasurement, recovery: Recovery? = nil
  ) {
    self.plan = plan
    self.latentCount = latentCount
    self.trainingTokens = trainingTokens
    self.onDomain = onDomain
    self.onBroad = onBroad
    self.recovery = recovery
  }

  public func measurement(on text: StudyText) -> AutoencoderMeasurement {
    text == .domain ? onDomain : onBroad
  }
}

/// The measurements of one autoencoder on one kind of held-out text.
public struct AutoencoderMeasurement: Codable, Equatable, Sendable {
  /// Counted tokens and contexts.
  public var tokens = 0
  public var contexts = 0
  public var fractionOfVarianceExplained: Double?
  /// By resampling contexts.
  public var fractionOfVarianceExplainedInterval: ConfidenceInterval?
  public var l0: Double?
  public var meanSquaredError: Double?
  public var cosineSimilarity: Double?
  public var aliveFraction: Double?
  /// Share of latents active on more than a tenth of the tokens.
  public var denseFraction: Double?
  /// Shares of the variance that the error's linear and nonlinear part leave unexplained.
  public var linearUnexplained: Double?
  public var nonlinearUnexplained: Double?
  /// R² of the error vector predicted linearly from the activations, pooled.
  public var errorRSquared: Double?
  public var cleanLoss: Double?
  public var splicedLoss: Double?
  /// Of the loss that zeros in the activations' place cost.
  public var lossRecovered: Double?
  /// Of the Kullback–Leibler divergence that they cost.
  public var divergenceRecovered: Double?
  /// Shares of the latents that fired often enough to tell: see ``LatentKind``.
  public var trivialFraction: Double?
  public var conceptualFraction: Double?
  /// Bits that a token's quantized latents take, where quantizing costs at most 5% more error.
  public var bitsPerToken: Double?
  public var bins: Int?
  /// Latents that fired, by log₁₀ of their density, in ``densityEdges``.
  public var densityHistogram: [Int] = []

  public init() {}

  /// Half decades from 10⁻⁵ to 1.
  public static let densityEdges: [Double] = (0...20).map { -5 + 0.25 * Double($0) }
}

/// The relation of a latent's firings to token ids.
public enum LatentKind: String, Codable, Sendable {
  /// At least half of its firings are on one of the 100 commonest token ids.
  case trivial
  /// Less than half of its firings are on any single token id, and less than half on the 100 commonest
  /// together.
  case conceptual
  /// Neither: mostly one rarer token, or many common ones.
  case lexical
  /// Fewer than 10 firings.
  case rare
}

/// The share of the known features that a dictionary has found.
public struct Recovery: Codable, Equatable, Sendable {
  /// Shares of the features that a decoder row has a cosine above 0.9 with.
  public var domainOnlyFound: Double?
  public var commonFound: Double?
  public var broadOnlyFound: Double?
  /// Mean of each domain-only feature's largest cosine.
  public var domainOnlyMeanMaximumCosine: Double?
  /// Mean over latents of the F1 of firing for the nearest feature, on domain text.
  public var f1: Double?

  public init(
    domainOnlyFound: Double?, commonFound: Double?, broadOnlyFound: Double?,
    domainOnlyMeanMaximumCosine: Double?, f1: Double?
  ) {
    self.domainOnlyFound = domainOnlyFound
    self.commonFound = commonFound
    self.broadOnlyFound = broadOnlyFound
    self.domainOnlyMeanMaximumCosine = domainOnlyMeanMaximumCosine
    self.f1 = f1
  }
}

/// A judge's scores for the latents of one autoencoder.
public struct JudgmentResult: Codable, Equatable, Sendable {
  /// ``AutoencoderPlan/name``
  public var autoencoder: String
  public var summary: JudgeSummary
  /// Those that were judged.
  public var latents: [Latent]

  public struct Latent: Codable, Equatable, Sendable {
    public var latent: Int
    public var explanation: String?
    /// The judge's balanced accuracy in telling active from inactive texts.
    public var score: Double
  }

  /// The scores on a page; nil if nothing was judged.
  init?(_ browser: LatentBrowser) {
    guard let summary = browser.judge else { return nil }
    autoencoder = browser.title
    self.summary = summary
    latents = browser.cards.compactMap { card in
      card.score.map { Latent(latent: card.latent, explanation: card.explanation, score: $0) }
    }
  }
}

/// How alike dictionaries of one arm, width and sparsity are from seed to seed.
public struct StabilityResult: Codable, Equatable, Sendable {
  public var arm: StudyArm
  public var latents: Int
  public var sparsity: Double
  /// Mean cosine of matched decoder rows, over all pairs of seeds.
  public var meanCosine: Double?
  /// Share of latents matched with a cosine of at least 0.7.
  public var matchedFraction: Double?
}

/// Which latents of a domain autoencoder no broad one of its width has.
public struct UnmatchedResult: Codable, Equatable, Sendable {
  public var plan: AutoencoderPlan
  /// Latents that fired on held-out domain text.
  public var live: Int
  /// Of those, without a cosine of at least 0.7 with any row of the broad dictionaries of the same
  /// width and sparsity, of all seeds.
  public var unmatched: Int
  /// Of the unmatched, with such a cosine in a domain dictionary of another seed: not an accident of
  /// one training. None with one seed.
  public var reproduced: Int?

  public var unmatchedFraction: Double? { live == 0 ? nil : Double(unmatched) / Double(live) }
  public var reproducedFraction: Double? {
    live == 0 ? nil : reproduced.map { Double($0) / Double(live) }
  }
}
