import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct EncodedBatchTests {
  /// Tokens that do not count are as if they were not there: the others have the same latents and
  /// reconstruction, and metrics skip them.
  @Test func maskedTokensNeverReachTheAutoencoder() throws {
    let model = try EvaluatorTests.model()
    var generator = SeededGenerator(3)
    let whole = generator.matrix(5, 6)
    var x = whole
    for row in [1, 4] { for column in 0..<6 { x[row, column] = .nan } }
    let mask = TokenMask([true, false, true, true, false], contexts: [0, 0, 0, 3, 3])
    let batch = try EncodedBatch(
      encoding: x, by: model, mask: mask, tokenIDs: [10, 11, 12, 13, 14])
    let plain = try EncodedBatch(encoding: whole, by: model)
    #expect(batch.tokens == 5 && batch.rows == [0, 2, 3])
    for row in 0..<5 {
      #expect(batch.counts(row) == [true, false, true, true, false][row])
      let counts = batch.counts(row)
      #expect(
        batch.latents[tokens: row..<row + 1]
          == (counts
            ? plain.latents[tokens: row..<row + 1]
            : SparseLatents(dense: Matrix(rows: 1, columns: 9))))
      for column in 0..<6 {
        #expect(
          batch.reconstruction[row, column] == (counts ? plain.reconstruction[row, column] : 0))
      }
    }
    let counted = batch.counted()
    #expect(counted.tokens == 3 && counted.tokenIDs == [10, 12, 13])
    #expect(counted.mask == TokenMask(contexts: [0, 0, 3]))
    #expect(counted.latents.tokens == 3 && counted.rows == [0, 1, 2])
    #expect(counted.activations == Matrix(rows: 3, columns: 6) { whole[[0, 2, 3][$0], $1] })
    let part = batch[tokens: 2..<5]
    #expect(part.rows == [0, 1] && part.mask == mask[2..<5])
    #expect(part.tokenIDs == [12, 13, 14] && part.latents == batch.latents[tokens: 2..<5])
    #expect(counted.counted().activations == counted.activations)
  }

  @Test func whatIsMissingIsRefusedByWhatLooksAtIt() throws {
    let latents = try EncodedBatch(latents: SparseLatents(dense: Matrix(rows: 2, columns: 9)))
    var reconstruction = ReconstructionMetrics(width: 6)
    #expect(throws: ShapeError("activations", "columns", expected: 6, found: 0)) {
      try reconstruction.update(latents)
    }
    let matrices = try EncodedBatch(
      activations: Matrix(rows: 2, columns: 6), reconstruction: Matrix(rows: 2, columns: 6))
    var sparsity = SparsityMetrics(latentCount: 9)
    #expect(throws: ShapeError("latent activations", "latents", expected: 9, found: 0)) {
      try sparsity.update(matrices)
    }
    var identity = TokenIdentityMetrics(latentCount: 9)
    #expect(throws: ShapeError("token ids", "tokens", expected: 2, found: 0)) {
      try identity.update(latents)
    }
  }

  @Test func numbersOfTokensHaveToAgree() throws {
    let x = Matrix(rows: 3, columns: 2)
    let latents = SparseLatents(dense: Matrix(rows: 3, columns: 4))
    #expect(throws: ShapeError("latent activations", "tokens", expected: 2, found: 3)) {
      try EncodedBatch(
        activations: Matrix(rows: 2, columns: 2), latents: latents,
        reconstruction: Matrix(rows: 2, columns: 2))
    }
    #expect(throws: ShapeError("reconstruction", "rows", expected: 3, found: 4)) {
      try EncodedBatch(activations: x, reconstruction: Matrix(rows: 4, columns: 2))
    }
    #expect(throws: ShapeError("token ids", "tokens", expected: 3, found: 1)) {
      try EncodedBatch(latents: latents, tokenIDs: [1])
    }
    #expect(throws: ShapeError("mask", "tokens", expected: 3, found: 1)) {
      try EncodedBatch(latents: latents, mask: [true])
    }
  }
}
