import Foundation
import SAECore
import SAEModels
import SAETestSupport
import Testing

struct LossRecoveredMetricsTests {
  /// The losses of logits in each run of a sequence.
  private static func metrics(
    _ tokens: [UInt32], clean: Matrix, spliced: Matrix? = nil, zero: Matrix? = nil
  ) throws -> LossRecoveredMetrics {
    let next = tokens.dropFirst().map { Optional($0) } + [nil]
    func losses(_ logits: Matrix) throws -> TokenLosses {
      try TokenLosses(logits: logits, reference: clean, nextTokens: next)
    }
    var metrics = LossRecoveredMetrics()
    metrics.update(
      clean: try TokenLosses(logits: clean, nextTokens: next), spliced: try spliced.map(losses),
      zeroAblated: try zero.map(losses))
    return metrics
  }

  /// Two tokens of a vocabulary of two, one prediction, of token 1. Logits (0, ln 3): p = 3/4;
  /// spliced (0, 0): p = 1/2; zero (ln 3, 0): p = 1/4. Losses ln 4/3, ln 2, ln 4: recovered
  /// (ln 4 − ln 2) / (ln 4 − ln 4/3) = ln 2 / ln 3.
  @Test func handCase() throws {
    let three = Float(log(3.0))
    func logits(_ a: Float, _ b: Float) -> Matrix {
      Matrix(rows: 2, columns: 2, values: [a, b, a, b])
    }
    let value = try Self.metrics(
      [0, 1], clean: logits(0, three), spliced: logits(0, 0), zero: logits(three, 0)
    ).value
    func agree(_ found: Double?, _ expected: Double) -> Bool {
      abs((found ?? .nan) - expected) < 1e-6
    }
    #expect(value.predictions == 1 && value.sequences == 1)
    #expect(agree(value.clean, log(4.0 / 3)))
    #expect(agree(value.deltaLoss, log(1.5)))
    #expect(agree(value.lossRecoveredOverZero, log(2) / log(3)))
    #expect(value.sequenceMeanLossRecoveredOverZero == value.lossRecoveredOverZero)
    // KL((1/4, 3/4) ‖ (1/2, 1/2)) = ln 2 − H, H the entropy of (1/4, 3/4).
    #expect(agree(value.splicedDivergence, 0.25 * log(0.5) + 0.75 * log(1.5)))
    #expect(value.meanAblated == nil && value.lossRecoveredOverMean == nil)
    #expect(value.divergenceRecoveredOverMean == nil)
  }

  /// Logits of ±10⁴: p is 1 and 0 to the last digit, losses 0 and 2 · 10⁴, and so is the divergence
  /// of the two.
  @Test func extremeLogitsDoNotOverflow() throws {
    let sure = Matrix(rows: 2, columns: 2, values: [-1e4, 1e4, -1e4, 1e4])
    let wrong = Matrix(rows: 2, columns: 2, values: [1e4, -1e4, 1e4, -1e4])
    let value = try Self.metrics([0, 1], clean: sure, spliced: wrong, zero: wrong).value
    #expect(value.clean == 0 && value.spliced == 2e4)
    #expect(value.splicedDivergence == 2e4 && value.lossRecoveredOverZero == 0)
  }

  /// Losses of one and of three predictions: a mean over predictions is not one over sequences.
  @Test func ratiosAreOfMeansOverPredictions() {
    func losses(_ values: Double...) -> TokenLosses {
      TokenLosses(crossEntropies: values, divergences: values)
    }
    var parts = [LossRecoveredMetrics(), LossRecoveredMetrics()]
    parts[0].update(clean: losses(1), spliced: losses(3), zeroAblated: losses(5))
    parts[1].update(
      clean: losses(0, 0, 1), spliced: losses(0, 0, 1), zeroAblated: losses(2, 2, 3))
    var merged = LossRecoveredMetrics()
    for part in parts { merged.merge(part) }
    let value = merged.value
    #expect(value.sequences == 2 && value.predictions == 4)
    #expect(value.clean == 0.5 && value.spliced == 1 && value.zeroAblated == 3)
    #expect(value.lossRecoveredOverZero == 0.8)
    // 1/2 and 1.
    #expect(value.sequenceMeanLossRecoveredOverZero == 0.75)
    #expect(value.divergenceRecoveredOverZero == (3.0 - 1) / 3)
  }

  @Test func paddingIsNoTarget() throws {
    let losses = try TokenLosses(
      logits: Matrix(rows: 3, columns: 2), nextTokens: [1, nil, nil])
    #expect(losses.crossEntropies.count == 1 && losses.divergences.isEmpty)
  }

  @Test func notANumberIsNotAveragedAway() throws {
    var bad = Matrix(rows: 3, columns: 2)
    bad[1, 0] = .nan
    let value = try Self.metrics(
      [0, 1, 0], clean: Matrix(rows: 3, columns: 2), spliced: bad,
      zero: Matrix(rows: 3, columns: 2, values: [0, 1, 1, 0, 2, 0])
    ).value
    #expect(value.nonFinitePredictions == 1)
    #expect(value.spliced?.isNaN == true && value.clean?.isNaN == false)
    #expect(value.lossRecoveredOverZero?.isNaN == true)
    #expect(LossRecoveredMetrics().value.clean == nil)
  }

  @Test func wrongShapesAreErrors() {
    #expect(throws: ShapeError("logits", "rows", expected: 2, found: 3)) {
      try TokenLosses(logits: Matrix(rows: 3, columns: 2), nextTokens: [1, nil])
    }
    #expect(throws: ShapeError("logits", "columns", expected: 3, found: 2)) {
      try TokenLosses(
        logits: Matrix(rows: 2, columns: 2), reference: Matrix(rows: 2, columns: 3),
        nextTokens: [1, nil])
    }
    #expect(throws: ShapeError("token 5", "columns or more", expected: 6, found: 2)) {
      try TokenLosses(logits: Matrix(rows: 2, columns: 2), nextTokens: [5, nil])
    }
  }

  /// Log probabilities and divergences in single precision, against sums in double.
  @Test func agreesWithDoubles() throws {
    var generator = RandomGenerator(seed: 9)
    let logits = (0..<2).map { _ in
      Matrix(rows: 12, columns: 700) { _, _ in Float(4 * generator.gaussian()) }
    }
    let tokens = (0..<12).map { 50 * $0 }
    let next = tokens.dropFirst().map { Optional(UInt32($0)) } + [nil]
    let found = try TokenLosses(logits: logits[1], reference: logits[0], nextTokens: next)
    let plain = PlainLosses(logits[1], clean: logits[0], tokens: tokens, positions: 0..<11).losses
    #expect(found.crossEntropies.count == 11 && found.divergences.count == 11)
    for index in 0..<11 {
      #expect(abs(found.crossEntropies[index] - plain.crossEntropies[index]) < 1e-5)
      #expect(abs(found.divergences[index] - plain.divergences[index]) < 1e-4)
    }
  }

  /// Sums of losses that were made in double, as they were when they were last recorded.
  @Test(.enabled(if: RecordedBits.isPresent, "\(RecordedBits.reason)"))
  func recorded() throws {
    var metrics = LossRecoveredMetrics()
    for context in 0..<4 {
      let logits = (0..<4).map { run -> Matrix in
        var generator = RandomGenerator(seed: UInt64(100 + 10 * context + run))
        return Matrix(rows: 12, columns: 40) { _, _ in Float(generator.gaussian()) }
      }
      let tokens = (0..<12).map { (7 * $0 + context) % 40 }
      let losses = logits.map {
        PlainLosses($0, clean: logits[0], tokens: tokens, positions: 2..<12).losses
      }
      metrics.update(
        clean: losses[0], spliced: losses[1], zeroAblated: losses[2], meanAblated: losses[3])
    }
    let hash = BitHash(metrics.value)
    #expect("\(hash)" == (try RecordedBits.expected("metrics/loss-recovered", found: hash)))
  }
}

/// Losses of logits by plain sums in double.
private struct PlainLosses {
  let losses: TokenLosses

  /// - Parameters:
  ///   - logits: positions × vocabulary.
  ///   - clean: what divergences are taken from.
  ///   - tokens: token ids.
  ///   - positions: those that count.
  init(_ logits: Matrix, clean: Matrix, tokens: [Int], positions: Range<Int>) {
    let predicting = positions.filter { $0 + 1 < tokens.count }
    losses = TokenLosses(
      crossEntropies: predicting.map {
        -Softmax(logits.row($0)).logProbability(tokens[$0 + 1])
      },
      divergences: positions.map {
        Softmax(clean.row($0)).divergence(from: Softmax(logits.row($0)))
      })
  }

  private struct Softmax {
    let logits: [Double]
    /// log Σ exp(logit).
    let logSum: Double

    init(_ row: Span<Float>) {
      let values = row.indices.map { Double(row[$0]) }
      let largest = values.max() ?? 0
      var sum = 0.0
      for value in values { sum += exp(value - largest) }
      logits = values
      logSum = largest + log(sum)
    }

    func logProbability(_ token: Int) -> Double { logits[token] - logSum }

    /// KL(self ‖ other) = Σ p (log p − log q).
    func divergence(from other: Softmax) -> Double {
      var sum = 0.0
      for token in logits.indices {
        let own = logProbability(token)
        let probability = exp(own)
        if probability != 0 { sum += probability * (own - other.logProbability(token)) }
      }
      return sum
    }
  }
}
