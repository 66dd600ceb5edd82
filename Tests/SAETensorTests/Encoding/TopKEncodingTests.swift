import SAETestSupport
import Testing

@testable import SAETensor

/// The fused product and selection against sorting all scores; the selection alone is held against it
/// in `SelectionChecks`.
@Suite struct TopKEncodingTests {
  /// Whole numbers make scores exact, so that support and values must agree to the last bit.
  @Test func encodingEqualsTheDenseProductAndSelection() {
    var generator = RandomGenerator(seed: 9)
    for trial in 0..<25 {
      let tokens = generator.index(below: 70)
      let width = 1 + generator.index(below: 30)
      let latents = 1 + generator.index(below: 700)
      let k = 1 + generator.index(below: min(latents, 30))
      let x = Matrix.wholeNumbers(tokens, width, seed: UInt64(trial))
      let encoder = Matrix.wholeNumbers(latents, width, seed: UInt64(trial) + 100)
      let bias = (0..<latents).map { _ in Float(generator.index(below: 5) - 2) }
      let scale = (0..<latents).map { _ in Float(1 + generator.index(below: 3)) }
      let got = SparseLatents.largestScores(
        k: k, of: x, encoder: encoder, bias: bias, scale: scale)
      #expect(got.tokens == tokens)
      for token in 0..<tokens {
        let scores = (0..<latents).map { latent in
          ((0..<width).reduce(Float(0)) { $0 + x[token, $1] * encoder[latent, $1] } + bias[latent])
            * scale[latent]
        }
        let entries = got.entries(of: token)
        let expected = SelectionChecks.largest(scores, k, above: 0)
        #expect(entries.map { Int(got.indices[$0]) } == expected)
        #expect(entries.map { got.values[$0] } == expected.map { scores[$0] })
      }
    }
  }

  @Test func bitsDoNotDependOnThreads() {
    // One token is shared out by latents, many by tokens.
    for tokens in [1, 5, 300] {
      let x = Matrix.random(tokens, 40, seed: 1)
      let encoder = Matrix.random(3000, 40, seed: 2)
      let bias = Matrix.random(1, 3000, seed: 3).array
      let scale = [Float](repeating: 1, count: 3000)
      let reference = Threads.withCount(1) {
        SparseLatents.largestScores(k: 20, of: x, encoder: encoder, bias: bias, scale: scale)
      }
      for threads in [2, 3, 7] {
        let other = Threads.withCount(threads) {
          SparseLatents.largestScores(k: 20, of: x, encoder: encoder, bias: bias, scale: scale)
        }
        #expect(other == reference)
      }
    }
  }

  @Test func fewerThanKPositiveScoresGiveFewerEntries() {
    let x = Matrix(rows: 2, columns: 1, values: [1, -1])
    let encoder = Matrix(rows: 3, columns: 1, values: [1, -1, 2])
    let latents = SparseLatents.largestScores(
      k: 3, of: x, encoder: encoder, bias: [0, 0, 0], scale: [1, 1, 1])
    #expect(latents.rowOffsets == [0, 2, 3])
    #expect(latents.indices == [0, 2, 1])
    #expect(latents.values == [1, 2, 1])
    let signed = SparseLatents.largestScores(
      k: 2, of: x, encoder: encoder, bias: [0, -.infinity, 0], scale: [1, 1, 1], candidacy: .any)
    #expect(signed.indices == [0, 2, 0, 2])
    #expect(signed.values == [1, 2, -1, -2])
  }
}
