import SAETensor
import SAETestSupport
import Testing

@Suite struct SparseLatentsTests {
  /// About a third of the entries of a matrix, the others 0.
  static func random(_ tokens: Int, _ latents: Int, seed: UInt64) -> Matrix {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: tokens, columns: latents) { _, _ in
      generator.index(below: 3) == 0 ? Float(generator.gaussian()) : 0
    }
  }

  @Test(arguments: [(0, 4), (3, 0), (1, 1), (17, 40), (64, 5)])
  func denseAndSparseAreTheSame(_ tokens: Int, _ latents: Int) throws {
    let dense = Self.random(tokens, latents, seed: 1)
    let sparse = SparseLatents(dense: dense)
    #expect(sparse.tokens == tokens && sparse.latentCount == latents)
    #expect(sparse.dense() == dense)
    let again = try SparseLatents(
      latentCount: latents, rowOffsets: sparse.rowOffsets, indices: sparse.indices,
      values: sparse.values)
    #expect(again == sparse)
  }

  @Test func transpositionListsTheTokensOfEachLatent() {
    let dense = Self.random(30, 12, seed: 2)
    let sparse = SparseLatents(dense: dense)
    let occurrences = sparse.occurrencesByLatent()
    #expect(occurrences.latentCount == 12 && occurrences.tokenCount == 30)
    for latent in 0..<12 {
      let expected = (0..<30).filter { dense[$0, latent] != 0 }
      let positions = occurrences.occurrences(of: latent)
      #expect(positions.map { Int(occurrences.tokens[$0]) } == expected)
      #expect(
        positions.map { sparse.values[Int(occurrences.entries[$0])] }
          == expected.map { dense[$0, latent] })
    }
  }

  @Test func batchesOneAfterAnother() throws {
    let dense = Self.random(20, 9, seed: 3)
    let whole = SparseLatents(dense: dense)
    let parts = [0..<7, 7..<7, 7..<19, 19..<20].map { whole[tokens: $0] }
    #expect(try SparseLatents.concatenating(parts) == whole)
    #expect(try SparseLatents.concatenating([]).tokens == 0)
    #expect(throws: ShapeError("batch of latents", "latents", expected: 9, found: 8)) {
      _ = try SparseLatents.concatenating([
        whole, SparseLatents(dense: Matrix(rows: 1, columns: 8)),
      ])
    }
  }

  @Test func partsFromOutsideAreChecked() {
    func expect(
      _ subject: String, _ expected: String, _ found: String, _ offsets: [Int],
      _ indices: [UInt32], _ values: [Float]
    ) {
      #expect(throws: OptionError(subject, expected: expected, found: found)) {
        _ = try SparseLatents(
          latentCount: 4, rowOffsets: offsets, indices: indices, values: values)
      }
    }
    let (rows, ascending) = ("row offsets of latents", "ascending ones below 4, here")
    expect("values of latents", "one per index, 2", "1", [0, 2], [0, 1], [1])
    expect(rows, "0 to 0", "none to none", [], [], [])
    expect(rows, "0 to 1", "1 to 1", [1, 1], [0], [1])
    expect(rows, "0 to 1", "0 to 2", [0, 2], [0], [1])
    expect("\(rows), token 1", "an end from 2 to 2", "1", [0, 2, 1, 2], [0, 1], [1, 1])
    expect("\(rows), token 0", "an end from 0 to 2", "5", [0, 5, 2], [0, 1], [1, 1])
    let indices = "indices of latents, token"
    expect("\(indices) 0", "\(ascending) 0 or more", "4", [0, 1], [4], [1])
    expect("\(indices) 0", "\(ascending) 3 or more", "2", [0, 2], [2, 2], [1, 1])
    expect("\(indices) 1", "\(ascending) 4 or more", "1", [0, 1, 3], [0, 3, 1], [1, 1, 1])
  }
}
