public import SAECore

/// How well latents detect known features, on synthetic data.
///
/// Each latent answers for the feature that its decoder row is nearest to by |cosine|: it says "yes"
/// where it is not 0, and is right where the feature is above 0. Precision, recall, F1 and accuracy
/// are 0 where undefined, as in SAELens: look at ``Value/deadLatents`` beside them.
public struct GroundTruthMetrics: Sendable {
  /// Of each latent, its feature; undefined if there are no features.
  public let nearestFeatures: [Int?]
  /// The number of true features.
  public let featureCount: Int
  private var tokens = 0
  private var firings: [Int]
  private var truePositives: [Int]
  private var occurrences: [Int]

  /// - Parameters:
  ///   - decoder: latents × width.
  ///   - features: the true directions, features × width.
  /// - Throws: `ShapeError` if the widths differ.
  public init(decoder: Matrix, features: Matrix) throws(ShapeError) {
    nearestFeatures = try DictionarySimilarity(decoder, features).nearestRows
    featureCount = features.rows
    firings = [Int](repeating: 0, count: decoder.rows)
    truePositives = firings
    occurrences = [Int](repeating: 0, count: features.rows)
  }

  /// Adds a batch.
  ///
  /// - Parameters:
  ///   - latents: tokens × latents.
  ///   - truth: the features' true sizes, tokens × features.
  ///   - mask: which tokens count.
  /// - Throws: `ShapeError` if something does not fit.
  public mutating func update(
    _ latents: SparseLatents, truth: SparseLatents, mask: TokenMask = .all
  ) throws(ShapeError) {
    try ShapeError.check(
      "latent activations", "latents", expected: firings.count, found: latents.latentCount)
    try ShapeError.check("truth", "features", expected: featureCount, found: truth.latentCount)
    try ShapeError.check("truth", "tokens", expected: latents.tokens, found: truth.tokens)
    var present = [Bool](repeating: false, count: featureCount)
    for row in try mask.rows(of: latents.tokens) {
      tokens += 1
      let trueFeatures = truth.entries(of: Int(row)).filter { truth.values[$0] > 0 }.map {
        Int(truth.indices[$0])
      }
      for feature in trueFeatures {
        present[feature] = true
        occurrences[feature] += 1
      }
      for entry in latents.entries(of: Int(row)) where latents.values[entry] != 0 {
        let latent = Int(latents.indices[entry])
        firings[latent] += 1
        if let feature = nearestFeatures[latent], present[feature] { truePositives[latent] += 1 }
      }
      for feature in trueFeatures { present[feature] = false }
    }
  }

  /// Adds what another accumulator of the same dictionary and features has counted.
  ///
  /// - Throws: `ShapeError` if its number of latents or features is another.
  public mutating func merge(_ other: GroundTruthMetrics) throws(ShapeError) {
    try ShapeError.check(
      "merged ground truth", "latents", expected: nearestFeatures.count,
      found: other.nearestFeatures.count)
    try ShapeError.check(
      "merged ground truth", "features", expected: featureCount, found: other.featureCount)
    precondition(
      nearestFeatures == other.nearestFeatures, "the counts are of other dictionaries")
    tokens += other.tokens
    for latent in firings.indices {
      firings[latent] += other.firings[latent]
      truePositives[latent] += other.truePositives[latent]
    }
    for feature in occurrences.indices { occurrences[feature] += other.occurrences[feature] }
  }

  /// Counts of each latent, and means over latents.
  public struct Value: Sendable, Equatable, Codable {
    /// Tokens counted.
    public var tokens: Int
    /// Of each latent: tokens where it fires and the feature nearest to it is present.
    public var truePositives: [Int]
    /// Of each latent: tokens where it fires without that feature.
    public var falsePositives: [Int]
    /// Of each latent: tokens where that feature is present and it is inactive.
    public var falseNegatives: [Int]
    /// Latents that never fired.
    public var deadLatents: Int
    /// Mean number of active latents of a token; nil without tokens.
    public var l0: Double?
    /// Mean number of present features of a token; nil without tokens.
    public var trueL0: Double?
    /// Mean over latents of TP / (TP + FP); nil without latents or tokens.
    public var precision: Double?
    /// Mean over latents of TP / (TP + FN); nil without latents or tokens.
    public var recall: Double?
    /// Mean over latents of 2 TP / (2 TP + FP + FN); nil without latents or tokens.
    public var f1: Double?
    /// Mean over latents of the share of tokens judged rightly; nil without latents or tokens.
    public var accuracy: Double?
    /// Mean over latents of the Matthews correlation of firing with the feature's presence, 0 where
    /// one of the two never changes. Not the mean correlation coefficient of the directions, which is
    /// ``DictionaryMatching/meanCosine``.
    public var matthewsCorrelation: Double?
  }

  /// The metrics of all tokens so far.
  public var value: Value {
    let positives = nearestFeatures.map { $0.map { occurrences[$0] } ?? 0 }
    let falsePositives = zip(firings, truePositives).map(-)
    let falseNegatives = zip(positives, truePositives).map(-)
    var value = Value(
      tokens: tokens, truePositives: truePositives, falsePositives: falsePositives,
      falseNegatives: falseNegatives, deadLatents: firings.count { $0 == 0 })
    guard tokens > 0 else { return value }
    let count = Double(tokens)
    value.l0 = Double(firings.reduce(0, +)) / count
    value.trueL0 = Double(occurrences.reduce(0, +)) / count
    let scores = firings.indices.map {
      BinaryCounts(
        truePositives: truePositives[$0], falsePositives: falsePositives[$0],
        trueNegatives: tokens - firings[$0] - falseNegatives[$0],
        falseNegatives: falseNegatives[$0])
    }
    value.precision = mean(scores.map { $0.precision ?? 0 })
    value.recall = mean(scores.map { $0.recall ?? 0 })
    value.f1 = mean(scores.map { $0.f1 ?? 0 })
    value.accuracy = mean(scores.map { $0.accuracy ?? 0 })
    value.matthewsCorrelation = mean(scores.map { $0.matthewsCorrelation ?? 0 })
    return value
  }
}
