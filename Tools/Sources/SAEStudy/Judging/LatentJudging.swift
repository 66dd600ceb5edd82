import SAECore
import SAEMetrics

/// Has a judge explain latents and tell from the explanation where they are active.
///
/// For each latent the judge writes an explanation from its strongest contexts, then detects the latent
/// in other contexts, half of them active, over its whole range of strength, half of them not. The score
/// is the balanced accuracy; questions that an answer leaves open are counted and left out.
///
/// Source: Paulo et al. 2024, arXiv 2410.13928 (detection).
struct LatentJudging {
  let command: String
  /// The largest number of latents.
  var limit = 100
  /// Texts of each kind.
  var textsPerKind = 5
  var patience = 120.0
  /// Answers from before, and the place of new ones.
  var answers: JudgeAnswers?

  /// Judges cards of a browser, evenly over the firing rates if they are too many.
  ///
  /// - Parameters:
  ///   - examples: of the same latents, with samples.
  ///   - activeRows: of each latent, the rows of the text on which it fires, ascending.
  ///   - text: windows in which a latent is inactive are taken from it.
  ///   - texts: the texts of a run of ids.
  func judge(
    _ browser: inout LatentBrowser, examples: LatentExamples, activeRows: [[Int]],
    text: HeldOutText, texts: @escaping @Sendable ([Int]) -> [String],
    progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws {
    let judge = Judge(command, patience: patience, answers: answers)
    defer { judge.stop() }
    let order = browser.cards.indices.sorted {
      (browser.cards[$1].firings, $0) < (browser.cards[$0].firings, $1)
    }
    let count = min(limit, order.count)
    let chosen = (0..<count).map { order[$0 * order.count / count] }
    var summary = JudgeSummary(
      command: command, latentsJudged: 0, latentsLeftOut: 0, requests: 0, malformedAnswers: 0,
      unreadableTexts: 0)
    var scores: [Double] = []
    let rendering = ExampleRendering { texts([$0]).joined() }
    for (done, index) in chosen.enumerated() {
      try progress(done, chosen.count)
      let latent = browser.cards[index].latent
      let strongest = examples.strongestExamples(of: latent)
      // Contexts that were shown for the explanation tell nothing about it.
      let shown = Set(strongest.map(\.context))
      let others = examples.quantileExamples(of: latent, parts: textsPerKind)
        .flatMap { $0 }.filter { !shown.contains($0.context) }
      let positives = spread(others, textsPerKind)
      let negatives = inactiveTexts(latent, activeRows: activeRows[latent], text: text, rendering)
      guard !strongest.isEmpty, positives.count == textsPerKind,
        negatives.count == textsPerKind
      else {
        summary.latentsLeftOut += 1
        continue
      }
      guard
        let explanation = try judge.ask(JudgeRequests.explanation(strongest, rendering))
      else { continue }
      browser.cards[index].explanation = LatentJudging.line(explanation)
      var generator = RandomGenerator(seed: UInt64(latent))
      let questions =
        positives.map { (text: rendering.line($0.tokens), isActive: true) }
        + negatives.map { (text: $0, isActive: false) }
      let mixed = generator.permutation(of: questions.count).map { questions[$0] }
      var result = JudgmentScores()
      for begin in stride(from: 0, to: mixed.count, by: 5) {
        let part = mixed[begin..<min(begin + 5, mixed.count)]
        let answer = try judge.ask(
          JudgeRequests.detection(
            explanation: LatentJudging.line(explanation), texts: part.map(\.text)))
        let predictions = answer.flatMap { JudgeRequests.parse($0, count: part.count) }
        for (place, question) in part.enumerated() {
          result.add(isActive: question.isActive, prediction: predictions?[place])
        }
      }
      summary.unreadableTexts += result.unreadable
      guard let score = result.balancedAccuracy else { continue }
      summary.latentsJudged += 1
      browser.cards[index].score = score
      scores.append(score)
    }
    try progress(chosen.count, chosen.count)
    summary.requests = judge.requests
    summary.malformedAnswers = judge.malformed
    summary.meanScore = SeedEstimate(scores)?.mean
    browser.judge = summary
  }

  /// One line, no longer than a page should show.
  private static func line(_ text: String) -> String {
    String(text.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(300))
  }

  /// A number of the examples, evenly over their order.
  private func spread(
    _ examples: [LatentExamples.Example], _ count: Int
  ) -> [LatentExamples.Example] {
    guard examples.count > count else { return examples }
    return (0..<count).map { examples[$0 * examples.count / count] }
  }

  /// Windows in which the latent does not fire, drawn from all of the text; fewer than asked for if it is
  /// rarely inactive so long.
  private func inactiveTexts(
    _ latent: Int, activeRows: [Int], text: HeldOutText, _ rendering: ExampleRendering
  ) -> [String] {
    guard let ids = text.tokenIDs else { return [] }
    let contexts = text.contextRanges()
    guard !contexts.isEmpty else { return [] }
    var generator = RandomGenerator(seed: UInt64(latent) &+ 0x5EED)
    var found: [String] = []
    for _ in 0..<200 where found.count < textsPerKind {
      let range = contexts[generator.index(below: contexts.count)]
      let length = min(21, range.count)
      let first = range.lowerBound + generator.index(below: range.count - length + 1)
      guard !LatentJudging.contains(activeRows, in: first..<first + length) else { continue }
      found.append(rendering.line(Array(ids[first..<first + length])))
    }
    return found
  }

  /// Whether one of some ascending numbers lies in a range.
  private static func contains(_ numbers: [Int], in range: Range<Int>) -> Bool {
    var (low, high) = (0, numbers.count)
    while low < high {
      let middle = (low + high) / 2
      if numbers[middle] < range.lowerBound { low = middle + 1 } else { high = middle }
    }
    return low < numbers.count && numbers[low] < range.upperBound
  }
}
