/// How often a yes-or-no answer is right and wrong.
public struct BinaryCounts: Sendable, Equatable, Codable {
  /// Positive, and said to be.
  public var truePositives: Int
  /// Negative, but said to be positive.
  public var falsePositives: Int
  /// Negative, and said to be.
  public var trueNegatives: Int
  /// Positive, but said to be negative.
  public var falseNegatives: Int

  /// The four cells of the table.
  public init(
    truePositives: Int = 0, falsePositives: Int = 0, trueNegatives: Int = 0,
    falseNegatives: Int = 0
  ) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.trueNegatives = trueNegatives
    self.falseNegatives = falseNegatives
  }

  /// Adds one answer.
  public mutating func add(predicted: Bool, actual: Bool) {
    switch (predicted, actual) {
    case (true, true): truePositives += 1
    case (true, false): falsePositives += 1
    case (false, true): falseNegatives += 1
    case (false, false): trueNegatives += 1
    }
  }

  /// Adds the answers that another value counts.
  public mutating func merge(_ other: BinaryCounts) {
    truePositives += other.truePositives
    falsePositives += other.falsePositives
    trueNegatives += other.trueNegatives
    falseNegatives += other.falseNegatives
  }

  /// All examples.
  public var count: Int { truePositives + falsePositives + trueNegatives + falseNegatives }
  private var right: Int { truePositives + trueNegatives }

  private func share(_ part: Int, _ whole: Int) -> Double? { ratio(Double(part), Double(whole)) }

  /// Share of right answers; undefined without answers.
  public var accuracy: Double? { share(right, count) }

  /// Share of the positive answers that are right; undefined without any.
  public var precision: Double? { share(truePositives, truePositives + falsePositives) }

  /// Share of the positives that were found; undefined without any.
  public var recall: Double? { share(truePositives, truePositives + falseNegatives) }

  /// Share of the negatives that were found; undefined without any.
  public var specificity: Double? { share(trueNegatives, trueNegatives + falsePositives) }

  /// Mean of recall and specificity; undefined without either class.
  public var balancedAccuracy: Double? {
    guard let recall, let specificity else { return nil }
    return (recall + specificity) / 2
  }

  /// 2 tp / (2 tp + fp + fn); 0 where there is no positive and none was claimed, undefined without
  /// answers.
  public var f1: Double? {
    guard count > 0 else { return nil }
    return share(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) ?? 0
  }

  /// (tp · tn − fp · fn) / √((tp + fp)(tp + fn)(tn + fp)(tn + fn)); undefined if a factor is 0.
  public var matthewsCorrelation: Double? {
    let (tp, fp) = (Double(truePositives), Double(falsePositives))
    let (tn, fn) = (Double(trueNegatives), Double(falseNegatives))
    return ratio(
      tp * tn - fp * fn, ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)).squareRoot())
  }
}

/// Scores of a classifier by its decision values.
public struct ClassificationScores: Sendable, Equatable, Codable {
  /// Decisions: positive where the score is above 0.
  public let counts: BinaryCounts
  /// Area under the ROC curve: how often a positive's score is above a negative's, ties counted
  /// half. Undefined without either class; NaN if a score is.
  public let rocArea: Double?

  /// - Precondition: there are as many scores as labels.
  public init(scores: [Double], labels: [Bool], threshold: Double = 0) {
    precondition(
      scores.count == labels.count, "\(scores.count) scores for \(labels.count) labels")
    var counts = BinaryCounts()
    for (score, label) in zip(scores, labels) {
      counts.add(predicted: score > threshold, actual: label)
    }
    self.counts = counts
    rocArea = ClassificationScores.area(scores, labels)
  }

  /// Rank sum of the positives (Mann and Whitney), equal scores sharing their mean rank.
  private static func area(_ scores: [Double], _ labels: [Bool]) -> Double? {
    let positives = labels.count { $0 }
    let negatives = labels.count - positives
    guard positives > 0, negatives > 0 else { return nil }
    guard scores.allSatisfy({ !$0.isNaN }) else { return .nan }
    let order = scores.indices.sorted { scores[$0] < scores[$1] }
    // Twice the ranks, so that halves stay whole.
    var doubledRankSum = 0
    var begin = 0
    while begin < order.count {
      var end = begin
      while end < order.count, scores[order[end]] == scores[order[begin]] { end += 1 }
      let doubledRank = begin + 1 + end
      doubledRankSum += doubledRank * order[begin..<end].count { labels[$0] }
      begin = end
    }
    let doubledWins = doubledRankSum - positives * (positives + 1)
    return Double(doubledWins) / 2 / (Double(positives) * Double(negatives))
  }
}
