import SAECore
import Testing

@Suite struct DeadLatentsTests {
  /// Ten tokens on which latents 1 and 3 of five fire, 2 only with the value 0.
  static let batch = SparseLatents(
    dense: Matrix(rows: 10, columns: 5) { token, latent in
      token == 4 && (latent == 1 || latent == 3) ? 1 : 0
    })

  @Test func rulesDifferInWhenTheyLook() {
    let silence = [95, 95, 90, 0, 100]
    func dead(_ rule: DeadLatents.Rule) -> [Int] {
      DeadLatents(silence: silence, rule: rule).indices(during: Self.batch)
    }
    // With this batch 0, 2 and 4 have been silent for 105, 100 and 110 tokens; 1 fires.
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
    #expect(tokens.silence == [10, 0, 10, 0, 10])
    #expect(tokens.indices(during: Self.batch) == [0, 2, 4])
    tokens.record(Self.batch)
    #expect(tokens.silence == [20, 0, 20, 0, 20])
    var steps = DeadLatents(latentCount: 5, rule: .stepsBeforeBatch(1))
    steps.record(Self.batch)
    steps.record(Self.batch)
    #expect(steps.silence == [2, 0, 2, 0, 2])
    #expect(steps.indices(during: Self.batch) == [0, 2, 4])
  }
}
