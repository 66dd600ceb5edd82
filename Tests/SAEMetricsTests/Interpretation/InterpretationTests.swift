import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct InterpretationTests {
  static func rows<Element>(_ values: [Element], _ columns: Int) -> [[Element]] {
    stride(from: 0, to: values.count, by: columns).map { Array(values[$0..<$0 + columns]) }
  }

  /// One latent over prompts, added in an order of their own and merged.
  static func examples(
    _ activations: [[Float]], _ tokens: [[Int]], _ options: LatentExamples.Options,
    order: [Int]
  ) throws -> LatentExamples {
    var parts = [LatentExamples](
      repeating: LatentExamples(latentCount: 1, options: options), count: 3)
    for (index, prompt) in order.enumerated() {
      let latents = SparseLatents(
        dense: Matrix(rows: activations[prompt].count, columns: 1, values: activations[prompt]))
      try parts[index % 3].update(latents, tokens: tokens[prompt], context: prompt)
    }
    var merged = parts[2]
    try merged.merge(parts[0])
    try merged.merge(parts[1])
    #expect(throws: ShapeError.self) {
      try merged.merge(LatentExamples(latentCount: 2, options: options))
    }
    return merged
  }

  static func judgments(_ fixture: FixtureCase) throws -> JudgmentScores {
    let active = try fixture.integers("active")
    let predictions = try fixture.integers("prediction")
    let probabilities = fixture.has("probability") ? try fixture.doubles("probability") : nil
    var parts = [JudgmentScores(), JudgmentScores()]
    for index in active.indices {
      parts[index % 2].add(
        isActive: active[index] == 1,
        prediction: predictions[index] < 0 ? nil : predictions[index] == 1,
        probability: probabilities?[index])
    }
    parts[0].merge(parts[1])
    return parts[0]
  }

  static func measure(_ fixture: FixtureCase) throws -> (String) throws -> any Measured {
    if fixture.has("active") {
      let scores = try judgments(fixture)
      return {
        switch $0 {
        case "true_positives": scores.counts.truePositives
        case "true_negatives": scores.counts.trueNegatives
        case "false_positives": scores.counts.falsePositives
        case "false_negatives": scores.counts.falseNegatives
        case "unreadable": scores.unreadable
        case "accuracy": scores.counts.accuracy
        case "balanced_accuracy": scores.balancedAccuracy
        case "precision": scores.counts.precision
        case "recall": scores.counts.recall
        case "f1": scores.counts.f1
        case "roc_auc": scores.rocArea
        default: Unmeasured()
        }
      }
    }
    if fixture.has("f1") {
      let pairs = zip(try fixture.doubles("f1"), try fixture.integers("firing_counts"))
      let weighted = JudgmentScores.weightedF1(pairs.map { (f1: $0, firings: $1) })
      return { name -> any Measured in
        if name == "weighted_f1" { weighted } else { Unmeasured() }
      }
    }
    let tensor = try fixture.tensor("activations")
    let activations = rows(tensor.floats(), tensor.columns)
    if let threshold = fixture.parameters["threshold"]?.number {
      return {
        switch $0 {
        case "marked": activations.map { ExampleRendering.marked($0, threshold: threshold) }
        case "labels": ExampleRendering.labels(activations)
        case "wrong_marks": ExampleRendering.wrongMarkCount(activations)
        default: Unmeasured()
        }
      }
    }
    var options = LatentExamples.Options()
    options.count = try #require(fixture.parameters["count"]?.integer)
    options.radius = fixture.parameters["radius"]?.integer ?? 0
    options.onePerContext = fixture.parameters["radius"] == nil
    options.leavesOutClippedWindows = fixture.name == "top_examples"
    let tokens = rows(try fixture.integers("tokens"), tensor.columns)
    let forward = try examples(activations, tokens, options, order: Array(tokens.indices))
    let backward = try examples(
      activations, tokens, options, order: tokens.indices.reversed())
    let found = forward.strongestExamples(of: 0)
    #expect(found == backward.strongestExamples(of: 0))
    return {
      switch $0 {
      case "peaks": found.map { [$0.context, $0.position] }
      case "windows": found.map(\.tokens)
      default: Unmeasured()
      }
    }
  }

  @Test func agreesWithFixtures() throws {
    try forEachCase("interpretation") { try $0.check(measure: Self.measure($0)) }
  }

  /// Activations 1, 5, 4, 0, 3 with a radius of 1: the peak 5 rules out its neighbors 1 and 4, then
  /// comes 3. Masking the 5 leaves 4, whose neighbors are 5 and 0, then 3 and 1.
  @Test func peaksByHand() throws {
    var options = LatentExamples.Options()
    options.radius = 1
    let latents = SparseLatents(dense: Matrix(rows: 5, columns: 1, values: [1, 5, 4, 0, 3]))
    var all = LatentExamples(latentCount: 1, options: options)
    try all.update(latents, tokens: [10, 11, 12, 13, 14], context: 0)
    #expect(all.strongestExamples(of: 0).map(\.position) == [1, 4])
    #expect(all.strongestExamples(of: 0)[1].tokens == [13, 14])
    #expect(all.strongestExamples(of: 0)[0].activations == [1, 5, 4])
    var masked = LatentExamples(latentCount: 1, options: options)
    try masked.update(
      latents, tokens: [10, 11, 12, 13, 14], context: 0, mask: [true, false, true, true, true])
    #expect(masked.strongestExamples(of: 0).map(\.position) == [2, 4, 0])
    #expect(all.activeContextCount(of: 0) == 1)
  }

  /// The sample depends on the seed and on nothing else, and its parts rise in strength.
  @Test func sampleIsTheSameInAnyOrder() throws {
    var generator = SeededGenerator(81)
    let activations = (0..<60).map { _ in
      (0..<6).map { _ in max(0, Float(generator.uniform())) }
    }
    let tokens = (0..<60).map { prompt in (0..<6).map { 10 * prompt + $0 } }
    var options = LatentExamples.Options()
    options.sampleCount = 12
    options.seed = 5
    let forward = try Self.examples(activations, tokens, options, order: Array(0..<60))
    let shuffled = try Self.examples(
      activations, tokens, options, order: Array(0..<60).shuffled(using: &generator))
    let parts = forward.quantileExamples(of: 0, parts: 4)
    #expect(parts == shuffled.quantileExamples(of: 0, parts: 4))
    #expect(parts.map(\.count) == [3, 3, 3, 3])
    let strengths = parts.joined().map(\.activation)
    #expect(strengths == strengths.sorted())
    options.seed = 6
    let other = try Self.examples(activations, tokens, options, order: Array(0..<60))
    #expect(other.quantileExamples(of: 0, parts: 4) != parts)
    #expect(LatentExamples(latentCount: 1).quantileExamples(of: 0).isEmpty)
  }

  @Test func answersAreReadOrCounted() {
    #expect(JudgeRequests.parse("[1, 0,1]", count: 3) == [true, false, true])
    #expect(JudgeRequests.parse("As [asked]: [0,1]. Done.", count: 2) == [false, true])
    for answer in ["", "1, 0", "[1, 0", "[1]", "[1, 0, 1]", "[yes, no]", "[1, 2]", "[1,,]"] {
      #expect(JudgeRequests.parse(answer, count: 2) == nil, "\(answer)")
    }
  }

  /// A judge that knows the truth, one that always says no, one that rambles.
  @Test func judgesAreScored() async throws {
    let texts = (0..<7).map { (text: "text \($0)", isActive: $0 % 3 == 0) }
    func ask(
      _ judge: @escaping (String) -> String
    ) async throws -> JudgmentScores {
      try await JudgmentScores.ask(texts, batch: 3) {
        JudgeRequests.detection(explanation: "multiples of three", texts: $0)
      } judge: {
        judge($0)
      }
    }
    let wise = try await ask { request in
      let answers = texts.filter { request.contains($0.text) }.map { $0.isActive ? "1" : "0" }
      return "[\(answers.joined(separator: ", "))]"
    }
    #expect(wise.balancedAccuracy == 1 && wise.unreadable == 0 && wise.rocArea == nil)
    let lazy = try await ask { request in
      request.contains("text 6") ? "[0]" : "[0, 0, 0]"
    }
    #expect(lazy.balancedAccuracy == 0.5)
    let confused = try await ask { _ in "I cannot say." }
    #expect(confused.unreadable == 7 && confused.balancedAccuracy == nil)
  }

  @Test func requestsShowWhatIsMarked() throws {
    let rendering = ExampleRendering { [" the", " cat", "\n", " sat"][$0] }
    #expect(rendering.line([0, 1, 3, 2], marked: [1, 2]) == " the<< cat sat>>⏎")
    let example = LatentExamples.Example(
      context: 0, position: 1, activation: 4, tokens: [0, 1], activations: [1, 4],
      firstPosition: 0)
    let request = JudgeRequests.explanation([example], rendering)
    #expect(request.contains("1.  the<< cat>>") && request.contains(" cat: 10"))
    let fuzzing = JudgeRequests.fuzzing(
      explanation: "animals", texts: [rendering.line([1], marked: [0])], rendering)
    #expect(fuzzing.contains("animals") && fuzzing.contains("1. << cat>>"))
  }
}
