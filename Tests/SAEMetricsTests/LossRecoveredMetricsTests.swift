import Foundation
import SAECore
import Testing

@testable import SAEMetrics

@Suite struct LossRecoveredMetricsTests {
  /// Prompts × positions × vocabulary as one matrix of logits a prompt.
  static func prompts(_ fixture: FixtureCase, _ name: String) throws -> [Matrix]? {
    guard fixture.has(name) else { return nil }
    let tensor = try fixture.tensor(name)
    let positions = tensor.shape[1]
    let all = try tensor.matrix()
    return (0..<tensor.shape[0]).map {
      Matrix(all[rows: $0 * positions..<($0 + 1) * positions])
    }
  }

  static func accumulate(_ fixture: FixtureCase) throws -> LossRecoveredMetrics {
    let clean = try #require(try prompts(fixture, "clean_logits"))
    let spliced = try prompts(fixture, "spliced_logits")
    let zero = try prompts(fixture, "zero_logits")
    let mean = try prompts(fixture, "mean_logits")
    let tokens = try fixture.integers("tokens")
    let mask = try fixture.mask
    let length = tokens.count / clean.count
    var parts: [LossRecoveredMetrics] = []
    for prompt in clean.indices {
      let range = prompt * length..<(prompt + 1) * length
      var part = LossRecoveredMetrics()
      try part.update(
        tokens: Array(tokens[range]), clean: clean[prompt], spliced: spliced?[prompt],
        zero: zero?[prompt], mean: mean?[prompt], mask: mask.map { Array($0[range]) })
      parts.append(part)
    }
    var merged = LossRecoveredMetrics()
    for part in parts.reversed() { merged.merge(part) }
    return merged
  }

  static func measure(_ value: LossRecoveredMetrics.Value, _ name: String) -> any Measured {
    switch name {
    case "ce_clean": value.cleanLoss
    case "ce_spliced": value.splicedLoss
    case "ce_zero": value.zeroAblatedLoss
    case "ce_mean": value.meanAblatedLoss
    case "delta_loss": value.deltaLoss
    case "loss_recovered_zero": value.lossRecoveredOverZero
    case "loss_recovered_mean": value.lossRecoveredOverMean
    case "mean_of_prompt_loss_recovered_zero": value.contextMeanLossRecoveredOverZero
    case "mean_of_prompt_loss_recovered_mean": value.contextMeanLossRecoveredOverMean
    case "kl_spliced": value.splicedDivergence
    case "kl_zero": value.zeroAblatedDivergence
    case "kl_mean": value.meanAblatedDivergence
    case "kl_score_zero": value.divergenceRecoveredOverZero
    case "kl_score_mean": value.divergenceRecoveredOverMean
    default: Unmeasured()
    }
  }

  @Test func agreesWithFixtures() throws {
    try forEachCase("loss_recovered") { fixture in
      let value = try Self.accumulate(fixture).value
      fixture.check { Self.measure(value, $0) }
    }
  }

  /// Two tokens of a vocabulary of two, one prediction, of token 1. Logits (0, ln 3): p = 3/4;
  /// spliced (0, 0): p = 1/2; zero (ln 3, 0): p = 1/4. Losses ln 4/3, ln 2, ln 4: recovered
  /// (ln 4 − ln 2) / (ln 4 − ln 4/3) = ln 2 / ln 3.
  @Test func handCase() throws {
    let three = Float(log(3.0))
    func logits(_ a: Float, _ b: Float) -> Matrix {
      Matrix(rows: 2, columns: 2, values: [a, b, a, b])
    }
    var metrics = LossRecoveredMetrics()
    try metrics.update(
      tokens: [0, 1], clean: logits(0, three), spliced: logits(0, 0), zero: logits(three, 0))
    let value = metrics.value
    #expect(value.positions == 1)
    #expect(agree(value.cleanLoss, log(4.0 / 3), 1e-7))
    #expect(agree(value.deltaLoss, log(1.5), 1e-7))
    #expect(agree(value.lossRecoveredOverZero, log(2) / log(3), 1e-7))
    // KL((1/4, 3/4) ‖ (1/2, 1/2)) = ln 2 − H, H the entropy of (1/4, 3/4).
    #expect(agree(value.splicedDivergence, 0.25 * log(0.5) + 0.75 * log(1.5), 1e-7))
    #expect(value.meanAblatedLoss == nil && value.lossRecoveredOverMean == nil)
  }

  /// Logits of ±10⁴: p is 1 and 0 to the last digit, losses 0 and 2 · 10⁴, and so is the divergence
  /// of the two.
  @Test func extremeLogitsDoNotOverflow() throws {
    let sure = Matrix(rows: 2, columns: 2, values: [-1e4, 1e4, -1e4, 1e4])
    let wrong = Matrix(rows: 2, columns: 2, values: [1e4, -1e4, 1e4, -1e4])
    var metrics = LossRecoveredMetrics()
    try metrics.update(tokens: [0, 1], clean: sure, spliced: wrong, zero: wrong)
    let value = metrics.value
    #expect(value.cleanLoss == 0 && value.splicedLoss == 2e4)
    #expect(value.splicedDivergence == 2e4 && value.lossRecoveredOverZero == 0)
  }

  /// Activations are rows of an embedding, logits linear in them: enough of a model to splice into.
  struct LinearModel: SpliceableModel {
    let embedding: Matrix
    let output: Matrix

    func logits(_ tokens: [Int], replacing: ((Matrix) throws -> Matrix)?) throws -> Matrix {
      let activations = Matrix(rows: tokens.count, columns: embedding.columns) {
        embedding[tokens[$0], $1]
      }
      return try (replacing?(activations) ?? activations).multiplied(by: output)
    }
  }

  static func model() -> LinearModel {
    var generator = SeededGenerator(41)
    return LinearModel(
      embedding: generator.matrix(7, 4, around: 0.5), output: generator.matrix(4, 7))
  }

  @Test func identityRecoversAllAndAblationNothing() throws {
    let model = Self.model()
    let mean: [Float] = [0.5, 0.25, 0.75, 0.5]
    func measure(_ reconstruct: @escaping (Matrix) -> Matrix) throws -> LossRecoveredMetrics.Value {
      var metrics = LossRecoveredMetrics()
      for tokens in [[0, 1, 2, 3, 4, 5, 6], [6, 2, 2, 1]] {
        try metrics.update(
          model, tokens: tokens, meanActivation: mean, reconstruct: reconstruct)
      }
      return metrics.value
    }
    let identity = try measure { $0 }
    #expect(identity.lossRecoveredOverZero == 1 && identity.lossRecoveredOverMean == 1)
    #expect(identity.divergenceRecoveredOverZero == 1 && identity.deltaLoss == 0)
    let zero = try measure { Matrix(rows: $0.rows, columns: $0.columns) }
    #expect(zero.lossRecoveredOverZero == 0 && zero.divergenceRecoveredOverZero == 0)
    #expect(agree(zero.zeroAblatedLoss, log(7.0), 1e-12))
    let average = try measure { x in Matrix(rows: x.rows, columns: x.columns) { mean[$1] } }
    #expect(average.lossRecoveredOverMean == 0)
  }

  @Test func uncountedPositionsKeepTheirActivations() throws {
    var metrics = LossRecoveredMetrics()
    try metrics.update(
      Self.model(), tokens: [0, 1, 2, 3], mask: [false, true, true, true]
    ) { x in
      var result = x
      for column in 0..<x.columns { result[0, column] = .nan }
      return result
    }
    #expect(metrics.value.positions == 2)
    #expect(metrics.value.lossRecoveredOverZero == 1)
  }

  @Test func paddingIsNoTarget() throws {
    var metrics = LossRecoveredMetrics()
    let logits = Matrix(rows: 3, columns: 2, values: [0, 0, 0, 0, 0, 0])
    try metrics.update(tokens: [0, 1, 0], clean: logits, targetMask: [true, true, false])
    #expect(metrics.value.positions == 1)
  }

  @Test func notANumberIsNotAveragedAway() throws {
    var metrics = LossRecoveredMetrics()
    var bad = Matrix(rows: 3, columns: 2)
    bad[1, 0] = .nan
    try metrics.update(
      tokens: [0, 1, 0], clean: Matrix(rows: 3, columns: 2), spliced: bad,
      zero: Matrix(rows: 3, columns: 2, values: [0, 1, 1, 0, 2, 0]))
    #expect(metrics.value.nonFinitePositions == 1)
    #expect(metrics.value.splicedLoss?.isNaN == true && metrics.value.cleanLoss?.isNaN == false)
    #expect(metrics.value.lossRecoveredOverZero?.isNaN == true)
    #expect(LossRecoveredMetrics().value.cleanLoss == nil)
  }

  @Test func wrongShapesAreErrors() {
    var metrics = LossRecoveredMetrics()
    #expect(throws: ShapeError("logits", "rows", expected: 2, found: 3)) {
      try metrics.update(tokens: [0, 1], clean: Matrix(rows: 3, columns: 2))
    }
    #expect(throws: ShapeError("token 5", "columns or more", expected: 6, found: 2)) {
      try metrics.update(tokens: [0, 5], clean: Matrix(rows: 2, columns: 2))
    }
  }
}
