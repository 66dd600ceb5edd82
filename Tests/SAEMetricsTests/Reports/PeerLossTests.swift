import SAECore
import SAEMetrics
import SAEModels
import Testing

/// Loss recovered, from logits of other libraries' models, against what they report.
@Suite struct PeerLossTests {
  /// Prompts × positions × vocabulary as one matrix of logits per prompt.
  static func prompts(_ fixture: FixtureCase, _ name: String) throws -> [Matrix]? {
    guard fixture.has(name) else { return nil }
    let tensor = try fixture.tensor(name)
    let positions = tensor.shape[1]
    let all = try tensor.matrix()
    return (0..<tensor.shape[0]).map {
      Matrix(all[rows: $0 * positions..<($0 + 1) * positions])
    }
  }

  /// The losses of the counted positions of a prompt, with divergences of all of them, as SAELens has
  /// them: also of the last, which predicts nothing.
  private static func losses(
    _ logits: Matrix, clean: Matrix?, tokens: [Int], counted: [Int]
  ) throws -> TokenLosses {
    var nextTokens = [UInt32?](repeating: nil, count: tokens.count)
    for position in counted where position + 1 < tokens.count {
      nextTokens[position] = UInt32(tokens[position + 1])
    }
    let all = clean?.divergences(to: logits)
    return TokenLosses(
      crossEntropies: try TokenLosses(logits: logits, nextTokens: nextTokens).crossEntropies,
      divergences: all.map { all in counted.map { all[$0] } } ?? [])
  }

  /// Each prompt by itself, merged in reverse.
  static func accumulate(_ fixture: FixtureCase) throws -> LossRecoveredMetrics {
    let runs = try ["clean_logits", "spliced_logits", "zero_logits", "mean_logits"].map {
      try prompts(fixture, $0)
    }
    let clean = try #require(runs[0])
    let tokens = try fixture.integers("tokens")
    let mask = try fixture.mask
    let length = tokens.count / clean.count
    var merged = LossRecoveredMetrics()
    for prompt in clean.indices.reversed() {
      let range = prompt * length..<(prompt + 1) * length
      let counted = try mask[range].rows(of: length).map { Int($0) }
      let losses = try runs.enumerated().map { index, logits in
        try logits.map {
          try Self.losses(
            $0[prompt], clean: index == 0 ? nil : clean[prompt], tokens: Array(tokens[range]),
            counted: counted)
        }
      }
      var part = LossRecoveredMetrics()
      part.update(
        clean: try #require(losses[0]), spliced: losses[1], zeroAblated: losses[2],
        meanAblated: losses[3])
      merged.merge(part)
    }
    return merged
  }

  static func measure(_ value: LossRecovered, _ name: String) -> any Measured {
    switch name {
    case "ce_clean": value.clean
    case "ce_spliced": value.spliced
    case "ce_zero": value.zeroAblated
    case "ce_mean": value.meanAblated
    case "delta_loss": value.deltaLoss
    case "loss_recovered_zero": value.lossRecoveredOverZero
    case "loss_recovered_mean": value.lossRecoveredOverMean
    case "mean_of_prompt_loss_recovered_zero": value.sequenceMeanLossRecoveredOverZero
    case "mean_of_prompt_loss_recovered_mean": value.sequenceMeanLossRecoveredOverMean
    case "kl_spliced": value.splicedDivergence
    case "kl_zero": value.zeroDivergence
    case "kl_mean": value.meanDivergence
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
}
