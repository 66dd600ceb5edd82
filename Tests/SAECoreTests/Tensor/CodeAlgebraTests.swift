import Testing

@testable import SAECore

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
