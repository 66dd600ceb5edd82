import SAETestSupport
import Testing

@testable import SAETensor

/// Fused selections over batches, groups and magnitudes against sorting all scores.
@Suite struct BatchSelectionTests {
  /// A batch with whole numbers, whose scores are exact and often equal.
  struct Case {
    let activations: Matrix
    let encoder: Matrix
    let bias: [Float]
    let scale: [Float]
    private let dense: [Float]

    init(_ trial: Int, _ generator: inout RandomGenerator, latents: Int? = nil) {
      let tokens = generator.index(below: 70)
      let width = 1 + generator.index(below: 8)
      let latents = latents ?? 1 + generator.index(below: 700)
      activations = Matrix.wholeNumbers(tokens, width, seed: UInt64(trial))
      encoder = Matrix.wholeNumbers(latents, width, seed: UInt64(trial) + 100)
      bias = (0..<latents).map { _ in Float(generator.index(below: 5) - 2) }
      scale = (0..<latents).map { _ in Float(1 + generator.index(below: 3)) }
      let products = Matrix.product(activations.view, encoder.transposed).array
      let (bias, scale) = (bias, scale)
      dense = products.indices.map { (products[$0] + bias[$0 % latents]) * scale[$0 % latents] }
    }

    var scores: LatentScores {
      LatentScores(activations: activations, encoder: encoder, bias: bias, scale: scale)
    }

    func score(_ token: Int, _ latent: Int) -> Float {
      dense[token * encoder.rows + latent]
    }

    /// A matrix with the scores at some places, 0 elsewhere.
    func matrix(where keeps: (_ token: Int, _ latent: Int, _ score: Float) -> Bool) -> Matrix {
      Matrix(rows: activations.rows, columns: encoder.rows) { token, latent in
        let score = score(token, latent)
        return keeps(token, latent, score) ? score : 0
      }
    }
  }

  @Test func ofBatchesTheLargestWithTiesToTheFirst() {
    var generator = RandomGenerator(seed: 3)
    for trial in 0..<8 {
      let example = Case(trial, &generator)
      let positions = (0..<example.activations.rows).flatMap { token in
        (0..<example.encoder.rows).map { (token: token, latent: $0) }
      }
      let all = positions.map { ($0.token, $0.latent, example.score($0.token, $0.latent)) }
        .filter { $0.2 > 0 }
        .sorted { $0.2 != $1.2 ? $0.2 > $1.2 : ($0.0, $0.1) < ($1.0, $1.1) }
      for count in [0, 1, all.count / 7, all.count / 2, max(0, all.count - 1), all.count + 5] {
        let got = example.scores.largestOfBatch(count)
        var expected = Matrix(rows: example.activations.rows, columns: example.encoder.rows)
        for (token, latent, score) in all.prefix(count) { expected[token, latent] = score }
        #expect(got.entryCount == min(count, all.count))
        #expect(got == SparseLatents(dense: expected), "trial \(trial), \(count)")
      }
    }
  }

  @Test func aboveAThreshold() {
    var generator = RandomGenerator(seed: 4)
    for trial in 0..<8 {
      let example = Case(trial, &generator)
      for threshold: Float in [-3, 0, 2, 7.5, 1e6] {
        let expected = example.matrix { _, _, score in score > max(threshold, 0) }
        #expect(example.scores.above(threshold) == SparseLatents(dense: expected))
      }
    }
  }

  @Test func ofGroupsTheFirstOfTheLargest() {
    var generator = RandomGenerator(seed: 5)
    for trial in 0..<8 {
      let groups = 1 + generator.index(below: 12)
      let size = 1 + generator.index(below: 80)
      let example = Case(trial, &generator, latents: groups * size)
      let got = example.scores.largestOfGroups(groups)
      for token in 0..<example.activations.rows {
        for (group, entry) in got.entries(of: token).enumerated() {
          let scores = (group * size..<(group + 1) * size).map {
            max(0, example.score(token, $0))
          }
          let best = scores.max() ?? 0
          #expect(got.values[entry] == best)
          #expect(Int(got.indices[entry]) == group * size + (scores.firstIndex(of: best) ?? -1))
        }
      }
    }
  }

  @Test func byMagnitudeWithTheirSigns() {
    var generator = RandomGenerator(seed: 6)
    for trial in 0..<8 {
      let example = Case(trial, &generator)
      let k = 1 + generator.index(below: min(example.encoder.rows, 30))
      let got = example.scores.largestMagnitudes(k)
      for token in 0..<example.activations.rows {
        let scores = (0..<example.encoder.rows).map { example.score(token, $0) }
        let expected = scores.indices.filter { scores[$0] != 0 }
          .sorted {
            abs(scores[$0]) != abs(scores[$1]) ? abs(scores[$0]) > abs(scores[$1]) : $0 < $1
          }
          .prefix(k).sorted()
        let entries = got.entries(of: token)
        #expect(entries.map { Int(got.indices[$0]) } == expected)
        #expect(entries.map { got.values[$0] } == expected.map { scores[$0] })
      }
    }
  }

  @Test func ofEntriesTheLargestOfEachToken() {
    var generator = RandomGenerator(seed: 7)
    for trial in 0..<10 {
      let example = Case(trial, &generator)
      let most = example.scores.largest(min(40, example.encoder.rows))
      let k = 1 + generator.index(below: min(20, example.encoder.rows))
      #expect(most.keepingLargest(k) == example.scores.largest(k))
    }
  }

  @Test func bitsDoNotDependOnThreads() {
    for tokens in [1, 5, 300] {
      let scores = LatentScores(
        activations: Matrix.random(tokens, 40, seed: 1), encoder: Matrix.random(3000, 40, seed: 2),
        bias: Matrix.random(1, 3000, seed: 3).array)
      func selections() -> [SparseLatents] {
        [
          scores.largestOfBatch(13 * tokens), scores.above(9), scores.largestOfGroups(30),
          scores.largestMagnitudes(20),
        ]
      }
      let reference = Threads.withCount(1, selections)
      for threads in [2, 3, 7] { #expect(Threads.withCount(threads, selections) == reference) }
    }
  }
}
