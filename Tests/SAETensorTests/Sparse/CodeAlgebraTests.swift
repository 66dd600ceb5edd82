import SAETestSupport
import Testing

@testable import SAETensor

/// Sparse sums and dense products are two ways to one result.
@Suite struct CodeAlgebraTests {
  /// A batch in which each entry is there with a probability.
  static func batch(tokens: Int, latents: Int, share: Double, seed: UInt64) -> SparseLatents {
    var generator = RandomGenerator(seed: seed)
    return SparseLatents(
      dense: Matrix(rows: tokens, columns: latents) { _, _ in
        generator.uniform() < share ? Float(generator.index(below: 7) - 3) : 0
      })
  }

  /// Whole numbers, so that every order of summation gives the same bits.
  @Test func sparseAndDenseAgree() {
    var generator = RandomGenerator(seed: 8)
    for trial in 0..<15 {
      let tokens = generator.index(below: 50)
      let latents = 1 + generator.index(below: 60)
      let width = 1 + generator.index(below: 20)
      let share = [0, 0.02, 0.3, 1][trial % 4]
      let seed = UInt64(trial) * 10
      let batch = Self.batch(tokens: tokens, latents: latents, share: share, seed: seed)
      let decoder = Matrix.wholeNumbers(latents, width, seed: seed + 1)
      let target = Matrix.wholeNumbers(tokens, width, seed: seed + 2)
      let bias = Matrix.wholeNumbers(1, width, seed: seed + 3).array
      let (sparse, dense) = (
        CodeAlgebra(batch, isDense: false), CodeAlgebra(batch, isDense: true)
      )
      let code = batch.values.map { $0 * 2 }
      let one = sparse.reconstructionPass(
        code: code, decoder: decoder, bias: bias, target: target)
      let other = dense.reconstructionPass(
        code: code, decoder: decoder, bias: bias, target: target)
      #expect(one.error == other.error)
      #expect(one.projections == other.projections)
      for (a, b) in zip(one.squaredErrors, other.squaredErrors) {
        #expect(abs(a - b) <= 1e-6 * abs(a))
      }
      #expect(
        batch.decoded(by: decoder, bias: bias) == batch.reconstruction(by: decoder, bias: bias))
      for accumulate in [false, true] {
        var (first, second) = (
          Matrix.wholeNumbers(latents, width, seed: 1), Matrix.wholeNumbers(latents, width, seed: 1)
        )
        sparse.sumRows(target, coefficients: code, into: &first, accumulate: accumulate)
        dense.sumRows(target, coefficients: code, into: &second, accumulate: accumulate)
        #expect(first == second)
      }
    }
  }

  /// Tokens with few and with many entries side by side: each is reconstructed as it is alone, to the bit.
  @Test func aTokensBitsDoNotDependOnItsBatch() {
    var generator = RandomGenerator(seed: 4)
    for (latents, width) in [(60, 7), (500, 33), (2000, 24)] {
      let shares = (0..<40).map { [0.01, 0.3, 0.08, 0][$0 % 4] }
      let batch = SparseLatents(
        dense: Matrix(rows: 40, columns: latents) { row, _ in
          generator.uniform() < shares[row] ? Float(generator.gaussian()) : 0
        })
      let decoder = Matrix.random(latents, width, seed: 5)
      let bias = Matrix.random(1, width, seed: 6).array
      let whole = batch.reconstruction(by: decoder, bias: bias)
      #expect(whole.array.allSatisfy { $0.isFinite })
      for begin in 0..<40 {
        for end in [begin + 1, begin + 2, begin + 9] where end <= 40 {
          let some = SparseLatents(dense: Matrix(batch.dense()[rows: begin..<end]))
          #expect(
            some.reconstruction(by: decoder, bias: bias) == Matrix(whole[rows: begin..<end]),
            "\(latents) latents, tokens \(begin)..<\(end)")
        }
      }
    }
  }

  @Test func sumsOverEntries() {
    let batch = Self.batch(tokens: 1100, latents: 7, share: 0.4, seed: 5)
    let dense = batch.dense()
    let byLatent = batch.sumByLatent(batch.values)
    let byToken = batch.sumByToken { Double(batch.values[$0]) }
    for latent in 0..<7 {
      #expect(byLatent[latent] == (0..<1100).reduce(0.0) { $0 + Double(dense[$1, latent]) })
    }
    for token in 0..<1100 {
      #expect(byToken[token] == (0..<7).reduce(0.0) { $0 + Double(dense[token, $1]) })
    }
    let half = batch.replacingValues(
      batch.mapEntries { entry, _, _ in entry % 2 == 0 ? batch.values[entry] : 0 })
    #expect(half.droppingZeros().dense() == half.dense())
    #expect(!half.droppingZeros().values.contains(0))
  }
}
