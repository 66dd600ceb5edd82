/// How well a judge tells, from an explanation, where a latent is active.
public struct JudgmentScores: Sendable, Equatable, Codable {
  /// The answers that could be read.
  public private(set) var counts = BinaryCounts()
  /// Texts without a readable answer: left out of everything else.
  public private(set) var unreadable = 0
  private var scores: [Double] = []
  private var labels: [Bool] = []

  /// Nothing counted yet.
  public init() {}

  /// Adds one text.
  ///
  /// - Parameters:
  ///   - isActive: whether the latent is active in it.
  ///   - prediction: the judge's answer; nil if it could not be read.
  ///   - probability: the judge's probability of yes, if it gives one.
  public mutating func add(isActive: Bool, prediction: Bool?, probability: Double? = nil) {
    guard let prediction else {
      unreadable += 1
      return
    }
    counts.add(predicted: prediction, actual: isActive)
    if let probability {
      scores.append(probability)
      labels.append(isActive)
    }
  }

  /// Adds the texts of another value.
  public mutating func merge(_ other: JudgmentScores) {
    counts.merge(other.counts)
    unreadable += other.unreadable
    scores += other.scores
    labels += other.labels
  }

  /// The detection or fuzzing score: mean of the shares of right answers on active and on inactive texts,
  /// so that a judge who always says no scores 0.5; undefined without either.
  public var balancedAccuracy: Double? { counts.balancedAccuracy }

  /// Area under the ROC curve of the judge's probabilities; undefined without them.
  package var rocArea: Double? { ClassificationScores(scores: scores, labels: labels).rocArea }

  /// Σ F1ᵢ cᵢ / Σ cᵢ over latents with cᵢ firings; undefined without firings.
  package static func weightedF1(_ latents: [(f1: Double, firings: Int)]) -> Double? {
    ratio(
      latents.reduce(0) { $0 + $1.f1 * Double($1.firings) },
      latents.reduce(0) { $0 + Double($1.firings) })
  }

  /// Asks a judge about texts, some active and some not, `batch` at a time.
  ///
  /// - Parameters:
  ///   - texts: with whether the latent is active, in the order that the judge is to see.
  ///   - batch: texts a request.
  ///   - request: of some texts, such as ``JudgeRequests/detection(explanation:texts:)``.
  ///   - judge: any language model: a request in, an answer out.
  /// - Returns: the scores; answers that are no list of 0 and 1 count as unreadable, text by text.
  /// - Throws: what the judge throws.
  public static func ask(
    _ texts: [(text: String, isActive: Bool)], batch: Int = 5,
    request: ([String]) -> String, judge: (String) async throws -> String
  ) async throws -> JudgmentScores {
    precondition(batch > 0, "a request of \(batch) texts asks nothing")
    var scores = JudgmentScores()
    for begin in stride(from: 0, to: texts.count, by: batch) {
      let part = texts[begin..<min(begin + batch, texts.count)]
      let answer = try await judge(request(part.map(\.text)))
      let predictions = JudgeRequests.parse(answer, count: part.count)
      for (index, text) in part.enumerated() {
        scores.add(isActive: text.isActive, prediction: predictions?[index])
      }
    }
    return scores
  }
}
