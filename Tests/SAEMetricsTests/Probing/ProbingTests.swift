import Foundation
import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct ProbingTests {
  static func table(_ fixture: FixtureCase, _ name: String) throws -> [[Double]] {
    let tensor = try fixture.tensor(name)
    let values = tensor.doubles()
    return (0..<tensor.rows).map { Array(values[$0 * tensor.columns..<($0 + 1) * tensor.columns]) }
  }

  static func labels(_ fixture: FixtureCase) throws -> [Bool] {
    try fixture.integers("labels").map { $0 != 0 }
  }

  static func measureProbe(_ fixture: FixtureCase) throws {
    let latents = try fixture.matrix("latents")
    let labels = try labels(fixture)
    guard let k = fixture.parameters["k"]?.integer else {
      let rows = (0..<latents.rows).map { row in
        (0..<latents.columns).map { Double(latents[row, $0]) }
      }
      let regression = LogisticRegression(rows: rows, labels: labels, classWeights: .balanced)
      fixture.check {
        switch $0 {
        case "weights": regression?.weights ?? []
        case "intercept": regression?.intercept
        default: Unmeasured()
        }
      }
      return
    }
    let training = try #require(fixture.parameters["training_rows"]?.integer)
    let probe = try #require(
      try SparseProbe(
        examples: Matrix(latents[rows: 0..<training]), labels: Array(labels[..<training]), k: k))
    try fixture.check {
      switch $0 {
      case "selected": probe.latents
      case "weights": probe.regression.weights
      case "intercept": probe.regression.intercept
      case "test_accuracy":
        try probe.scores(
          Matrix(latents[rows: training..<latents.rows]), labels: Array(labels[training...])
        ).counts.accuracy
      default: Unmeasured()
      }
    }
  }

  /// Everything in the group but the probes.
  static func measure(_ fixture: FixtureCase) throws -> (String) throws -> any Measured {
    if fixture.has("scores") {
      let scores = ClassificationScores(
        scores: try fixture.doubles("scores"), labels: try labels(fixture))
      return {
        switch $0 {
        case "accuracy": scores.counts.accuracy
        case "balanced_accuracy": scores.counts.balancedAccuracy
        case "precision": scores.counts.precision
        case "recall": scores.counts.recall
        case "f1": scores.counts.f1
        case "roc_auc": scores.rocArea
        default: Unmeasured()
        }
      }
    }
    if fixture.has("ablated") {
      let perturbation = TargetedPerturbation(
        clean: try fixture.doubles("clean"), ablated: try table(fixture, "ablated"))
      return {
        switch $0 {
        case "intended": perturbation.intended
        case "unintended": perturbation.unintended
        case "tpp": perturbation.score
        default: Unmeasured()
        }
      }
    }
    if fixture.has("probe_weights") {
      let arguments = (
        try fixture.matrix("latents"), try labels(fixture), try fixture.doubles("probe_weights"),
        try fixture.matrix("decoder")
      )
      return {
        switch $0 {
        case "tpp_effects":
          try LatentEffects.targeted(
            examples: arguments.0, labels: arguments.1, probe: arguments.2, decoder: arguments.3)
        case "scr_effects":
          try LatentEffects.spurious(
            examples: arguments.0, labels: arguments.1, probe: arguments.2, decoder: arguments.3)
        default: Unmeasured()
        }
      }
    }
    return { name in
      switch name {
      case "scr":
        let (clean, original) = (try fixture.doubles("clean"), try fixture.doubles("original"))
        return try fixture.doubles("changed").enumerated().map {
          InterventionScores.spuriousCorrelationRemoval(
            clean: clean[$0], original: original[$0], changed: $1)
        }
      case "cause", "isolation", "disentanglement":
        let result = InterventionScores.disentanglement(
          cause: try fixture.doubles("cause"), isolation: try table(fixture, "isolation"))
        return name == "cause"
          ? result?.cause : name == "isolation" ? result?.isolation : result?.score
      case "unlearning_score":
        return InterventionScores.unlearning(
          try table(fixture, "results").map { (forgotten: $0[2], kept: $0[3]) })
      default: return Unmeasured()
      }
    }
  }

  @Test func agreesWithFixtures() throws {
    try forEachCase("probing") { fixture in
      let isProbe = fixture.description.values.contains { $0.name == "weights" }
      if isProbe {
        try Self.measureProbe(fixture)
      } else {
        try fixture.check(measure: Self.measure(fixture))
      }
    }
  }

  /// One input of ±1, on which the label agrees three times out of four on either side: without
  /// penalty w would be ln 3 and b 0. With C = 1 and eight examples the slope is
  /// 8 (σ(w) − 3/4) + w = 0.
  @Test func regressionByHand() throws {
    let rows: [[Double]] = [[1], [1], [1], [1], [-1], [-1], [-1], [-1]]
    let labels = [true, true, true, false, false, false, false, true]
    let fitted = try #require(LogisticRegression(rows: rows, labels: labels))
    let w = fitted.weights[0]
    #expect(abs(8 * (1 / (1 + exp(-w)) - 0.75) + w) < 1e-9)
    #expect(abs(fitted.intercept) < 1e-9)
    let free = try #require(LogisticRegression(rows: rows, labels: labels, strength: 1e6))
    #expect(agree(free.weights[0], log(3), 1e-5))
    #expect(fitted.score([2]) == 2 * w + fitted.intercept)
  }

  /// At the optimum the gradient of the definition vanishes, on ordinary and on separable data, and
  /// for inputs of large scale.
  @Test func regressionConverges() throws {
    var generator = SeededGenerator(61)
    for scale in [1.0, 300] {
      for separable in [false, true] {
        let rows = (0..<60).map { _ in (0..<4).map { _ in scale * generator.uniform() } }
        let labels = rows.map { row in
          separable ? row[0] > 0 : row[0] + row[1] + 2 * scale * generator.uniform() > 0
        }
        let fitted = try #require(LogisticRegression(rows: rows, labels: labels))
        var gradient = fitted.weights + [0]
        for (row, label) in zip(rows, labels) {
          let slope = 1 / (1 + exp(-fitted.score(row))) - (label ? 1 : 0)
          for index in 0..<4 { gradient[index] += slope * row[index] }
          gradient[4] += slope
        }
        #expect(gradient.allSatisfy { abs($0) < 1e-6 * scale }, "\(gradient)")
      }
    }
  }

  @Test func withoutTwoClassesThereIsNoProbe() throws {
    #expect(LogisticRegression(rows: [[1], [2]], labels: [true, true]) == nil)
    #expect(LogisticRegression(rows: [[1], [.nan]], labels: [true, false]) == nil)
    let examples = Matrix(rows: 2, columns: 1)
    #expect(try SparseProbe(examples: examples, labels: [false, false], k: 1) == nil)
    #expect(throws: ShapeError("labels", "examples", expected: 2, found: 1)) {
      try SparseProbe(examples: examples, labels: [true], k: 1)
    }
    #expect(BinaryCounts().accuracy == nil && BinaryCounts().f1 == nil)
  }

  /// Scores 1, 2, 2, 3 with labels −, +, −, +: of four pairs three are won and one is tied: 3.5 / 4.
  @Test func areaByHand() {
    let scores = ClassificationScores(scores: [1, 2, 2, 3], labels: [false, true, false, true])
    #expect(scores.rocArea == 3.5 / 4)
    #expect(scores.counts.accuracy == 0.5 && scores.counts.recall == 1)
  }

  /// Class 0: clean 0.9, ablated 0.5, the other probe falls from 0.8 to 0.7: 0.4 − 0.1. Class 1: clean
  /// 0.8, ablated 0.6, the other stays: 0.2. Mean 0.25.
  @Test func perturbationByHand() {
    let perturbation = TargetedPerturbation(
      clean: [0.9, 0.8], ablated: [[0.5, 0.7], [0.9, 0.6]])
    #expect(agree(perturbation.score, 0.25, 1e-15))
    #expect(TargetedPerturbation(clean: [1], ablated: [[0]]).score == nil)
    #expect(InterventionScores.unlearning([(0.5, 0.9)]) == nil)
  }

  /// Contexts of two and one counted tokens.
  @Test func poolingIsTheMeanOverCountedTokens() throws {
    let latents = SparseLatents(
      dense: Matrix(rows: 4, columns: 2, values: [1, 0, 3, 4, 100, 100, 5, 0]))
    let pooled = try SparseProbe.pool(
      latents, mask: TokenMask([true, true, false, true], contexts: [0, 0, 1, 1]))
    #expect(pooled == Matrix(rows: 2, columns: 2, values: [2, 2, 5, 0]))
    #expect(throws: ShapeError("contexts", "tokens", expected: 4, found: 0)) {
      try SparseProbe.pool(latents, mask: .all)
    }
    #expect(latents.ablating([1]).dense().array == [1, 0, 3, 0, 100, 0, 5, 0])
    #expect(LatentEffects.largest([0, 2, -1, 2], count: 3) == [1, 3, 2])
  }
}
