import Testing

@testable import SAECore

@Suite struct DeadLatentsTests {
  /// Ten tokens on which latents 1 and 3 of five fire, 2 only with the value 0.
  static let batch = SparseLatents(
    dense: Matrix(rows: 10, columns: 5) { token, latent in
      token == 4 && (latent == 1 || latent == 3) ? 1 : 0
    })

  @Test func rulesDifferInWhenTheyLook() {
    let sinceFiring = [95, 95, 90, 0, 100]
    func dead(_ rule: DeadLatents.Rule) -> [Int] {
      DeadLatents(sinceFiring: sinceFiring, rule: rule).indices(during: Self.batch)
    }
    // With this batch 0, 2 and 4 have not fired for 105, 100 and 110 tokens; 1 fires.
    #expect(dead(.tokensIncludingBatch(100)) == [0, 2, 4])
    #expect(dead(.tokensIncludingBatch(101)) == [0, 4])
    // Before it, more than 95: only 4, whatever fires now.
    #expect(dead(.tokensBeforeBatch(95)) == [4])
    #expect(dead(.tokensBeforeBatch(94)) == [0, 1, 4])
    #expect(dead(.stepsBeforeBatch(99)) == [4])
    #expect(dead(.never) == [])
  }

  @Test func countersGrowAndStartAnew() {
    var tokens = DeadLatents(latentCount: 5, rule: .tokensIncludingBatch(15))
    #expect(tokens.indices(during: Self.batch) == [])
    tokens.record(Self.batch)
    #expect(tokens.sinceFiring == [10, 0, 10, 0, 10])
    #expect(tokens.indices(during: Self.batch) == [0, 2, 4])
    tokens.record(Self.batch)
    #expect(tokens.sinceFiring == [20, 0, 20, 0, 20])
    var steps = DeadLatents(latentCount: 5, rule: .stepsBeforeBatch(1))
    steps.record(Self.batch)
    steps.record(Self.batch)
    #expect(steps.sinceFiring == [2, 0, 2, 0, 2])
    #expect(steps.indices(during: Self.batch) == [0, 2, 4])
  }

  /// One token on which latent 0 is 1, 1 is 0.001, -0.5 stands at 2, and 3 is selected at 0; 4 is not.
  static let kinds = SparseLatents(
    unchecked: 5, rowOffsets: [0, 4], indices: [0, 1, 2, 3], values: [1, 1e-3, -0.5, 0])

  @Test(arguments: [
    (DeadLatents.Firing.active, [3, 4]), (.selected, [4]), (.above(1e-3), [1, 3, 4]),
    (.above(0.7), [1, 2, 3, 4]),
  ]) func whatHasFiredIsTheRules(_ firing: DeadLatents.Firing, inactive: [Int]) {
    let rules: [DeadLatents.Rule] = [
      .tokensIncludingBatch(1, firing: firing), .tokensBeforeBatch(0, firing: firing),
      .stepsIncludingBatch(1, firing: firing), .stepsBeforeBatch(0, firing: firing),
    ]
    for rule in rules {
      var dead = DeadLatents(sinceFiring: [5, 5, 5, 5, 5], rule: rule)
      dead.record(Self.kinds)
      let base = rule == rules[2] ? 1 : 0
      #expect(dead.sinceFiring == (0..<5).map { inactive.contains($0) ? 6 : base }, "\(rule)")
    }
    // Only rules that include the batch look at what fires in it.
    let before = DeadLatents(sinceFiring: [5, 5, 5, 5, 5], rule: rules[1])
    #expect(before.indices(during: Self.kinds) == [0, 1, 2, 3, 4])
    for rule in [rules[0], rules[2]] {
      let now = DeadLatents(sinceFiring: [5, 5, 5, 5, 5], rule: rule)
      #expect(now.indices(during: Self.kinds) == inactive, "\(rule)")
    }
  }

  /// OpenAI's counter: set to 0 where a latent fires, then raised for all, then compared. With batches
  /// of 3 and 10 tokens the limit is 3 steps.
  @Test func openAIRaisesTheCounterOfThoseThatFire() {
    let rule = DeadLatents.Rule.openAI(batchTokens: 3, tokens: 10)
    #expect(rule == .stepsIncludingBatch(3, firing: .above(1e-3)))
    var dead = DeadLatents(latentCount: 2, rule: rule)
    // Latent 0 fires in the second of seven steps, at 0.0005 in the fourth; latent 1 never.
    let values: [Float] = [0, 1, 0, 5e-4, 0, 0, 0]
    let counters = [[1, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [6, 7]]
    for (step, value) in values.enumerated() {
      let batch = SparseLatents(
        dense: Matrix(rows: 3, columns: 2) { $0 == 1 && $1 == 0 ? value : 0 })
      #expect(
        dead.indices(during: batch) == (0..<2).filter { counters[step][$0] > 3 }, "step \(step)")
      dead.record(batch)
      #expect(dead.sinceFiring == counters[step], "step \(step)")
    }
  }

  @Test func peersHaveTheirRules() {
    typealias Rule = DeadLatents.Rule
    #expect(Rule.saeLens() == .stepsBeforeBatch(1000, firing: .active))
    #expect(Rule.dictionaryLearning() == .tokensIncludingBatch(10_000_000, firing: .active))
    #expect(Rule.dictionaryLearningTopK() == .tokensIncludingBatch(10_000_000, firing: .selected))
    #expect(Rule.sparsify() == .tokensBeforeBatch(10_000_000, firing: .selected))
    #expect(Rule.openAI(batchTokens: 131_072) == .stepsIncludingBatch(76, firing: .above(1e-3)))
  }

  @Test func placesWithoutPositiveScoresGoToTheLowestLatents() {
    let latents = SparseLatents(
      unchecked: 5, rowOffsets: [0, 1, 3, 3], indices: [1, 0, 4], values: [7, 2, 3])
    let filled = SparseLatents(
      unchecked: 5, rowOffsets: [0, 3, 6, 9], indices: [0, 1, 2, 0, 1, 4, 0, 1, 2],
      values: [0, 7, 0, 2, 0, 3, 0, 0, 0])
    #expect(latents.fillingPlaces(3) == filled)
    #expect(latents.fillingPlaces(9).indices == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    #expect(filled.fillingPlaces(2) == filled)
  }

  /// A selection of three, of which two are never positive: the rule of dictionary_learning's TopK takes
  /// the lowest of the others for fired, that of its BatchTopK none.
  @Test func selectedAtZeroReachesTraining() throws {
    var encoder = Matrix(rows: 5, columns: 2)
    encoder[4, 0] = 1
    let model = try TopKAutoencoder(
      parameters: ParameterSet(named: [
        (.encoder, encoder), (.encoderBias, Matrix(rows: 1, columns: 5)),
        (.decoder, Matrix(rows: 5, columns: 2) { _, _ in 1 }),
        (.decoderBias, Matrix(rows: 1, columns: 2)),
      ]), configuration: TopKConfiguration(k: 3))
    let activations = Matrix(rows: 2, columns: 2) { _, _ in 1 }
    func sinceFiring(_ rule: DeadLatents.Rule) throws -> [Int] {
      var trainer = Trainer(
        model, schedule: try .constant(0), deadLatents: DeadLatents(latentCount: 5, rule: rule))
      _ = try trainer.train(on: activations)
      return trainer.deadLatents.sinceFiring
    }
    #expect(try sinceFiring(.dictionaryLearningTopK()) == [0, 0, 2, 2, 0])
    #expect(try sinceFiring(.sparsify()) == [0, 0, 2, 2, 0])
    #expect(try sinceFiring(.dictionaryLearning()) == [2, 2, 2, 2, 0])
    #expect(try sinceFiring(.openAI(batchTokens: 2)) == [1, 1, 1, 1, 1])
    #expect(try sinceFiring(.saeLens()) == [1, 1, 1, 1, 0])
  }

  /// A rule about values finds them also where latents are many.
  @Test func valuesAreLookedAtWhereLatentsAreDense() throws {
    let model = try ReLUAutoencoder(
      parameters: ParameterSet(named: [
        (.encoder, Matrix(rows: 3, columns: 1, values: [1, 0.1, 0.01])),
        (.encoderBias, Matrix(rows: 1, columns: 3)),
        (.decoder, Matrix(rows: 3, columns: 1) { _, _ in 1 }),
        (.decoderBias, Matrix(rows: 1, columns: 1)),
      ]), configuration: ReLUConfiguration(coefficient: .one))
    for dense in [true, false] {
      try ForcedDensity.$isDense.withValue(dense) {
        var trainer = Trainer(
          model, schedule: try .constant(0),
          deadLatents: DeadLatents(latentCount: 3, rule: .stepsBeforeBatch(1, firing: .above(0.05)))
        )
        _ = try trainer.train(on: Matrix(rows: 1, columns: 1, values: [1]))
        #expect(trainer.deadLatents.sinceFiring == [0, 0, 1])
      }
    }
  }
}
