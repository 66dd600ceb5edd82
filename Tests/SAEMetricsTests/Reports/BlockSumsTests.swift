import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

/// Intervals from sums of blocks.
@Suite struct BlockSumsTests {
  private struct Identity: SparseAutoencoder {
    let inputDimension: Int
    let scale: Float
    var latentCount: Int { inputDimension }
    var decoder: Matrix {
      Matrix(rows: inputDimension, columns: inputDimension) { $0 == $1 ? scale : 0 }
    }

    func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
      SparseLatents(dense: activations)
    }

    func reconstruct(
      _ activations: Matrix, from latents: SparseLatents
    ) throws(ShapeError) -> Matrix {
      var matrix = latents.dense()
      matrix.scale(by: scale)
      return matrix
    }
  }

  private func evaluate(
    _ x: Matrix, scale: Float, batch: Int, contexts: [Int]? = nil, threads: Int = 1
  ) throws -> Evaluation {
    var evaluator = Evaluator(name: "a", width: x.columns, latentCount: x.columns)
    let model = Identity(inputDimension: x.columns, scale: scale)
    return try Threads.withCount(threads) {
      for first in stride(from: 0, to: x.rows, by: batch) {
        let rows = first..<min(first + batch, x.rows)
        try evaluator.update(
          model, x.matrix(rows: rows), mask: TokenMask(contexts: contexts)[rows])
      }
      var bootstrap = BlockBootstrap()
      bootstrap.resamples = 200
      return evaluator.evaluation(bootstrap)
    }
  }

  /// Two blocks of one token each, (1, 0) and (0, 3), halved: an error of a quarter of each square.
  /// A resample has one of them twice, where x does not vary and the FVE is undefined, or both; the
  /// mean squared error is then 1/4, 9/4 or 5/4, and every ratio within a token is 1/4 or 1/2.
  @Test func twoBlocksByHand() throws {
    let x = Matrix(rows: 2, columns: 2, values: [1, 0, 0, 3])
    let intervals = try evaluate(x, scale: 0.5, batch: 2, contexts: [0, 1]).intervals
    #expect(intervals.fractionOfVarianceExplained == nil)
    #expect(intervals.meanSquaredError == ConfidenceInterval(lower: 0.25, upper: 2.25))
    #expect(intervals.normalizedMeanSquaredError == ConfidenceInterval(lower: 0.25, upper: 0.25))
    #expect(intervals.normRatio == ConfidenceInterval(lower: 0.5, upper: 0.5))
    #expect(intervals.cosineSimilarity == ConfidenceInterval(lower: 1, upper: 1))
    #expect(intervals.relativeReconstructionBias == ConfidenceInterval(lower: 0.5, upper: 0.5))
    #expect(intervals.l0 == ConfidenceInterval(lower: 1, upper: 1))
    #expect(intervals.l1 == ConfidenceInterval(lower: 1, upper: 3))
    #expect(intervals.linearShare == nil)
  }

  @Test func batchesAndThreadsChangeNoBit() throws {
    var generator = SeededGenerator(4)
    let x = generator.matrix(700, 5)
    let whole = try evaluate(x, scale: 0.7, batch: 700)
    #expect(whole.contexts == 6)
    #expect(try evaluate(x, scale: 0.7, batch: 3) == whole)
    #expect(try evaluate(x, scale: 0.7, batch: 129, threads: 3) == whole)
    let explained = try #require(whole.reconstruction.fractionOfVarianceExplained)
    let interval = try #require(whole.intervals.fractionOfVarianceExplained)
    #expect(interval.lower <= explained && explained <= interval.upper)
  }

  /// A large common offset costs the interval nothing: it is that of the same tokens without it.
  @Test func offsetsCostNoDigits() throws {
    var generator = SeededGenerator(5)
    let x = generator.matrix(512, 4)
    let moved = Matrix(rows: 512, columns: 4) { (x[$0, $1] * 1024).rounded() / 1024 + 4096 }
    let plain = Matrix(rows: 512, columns: 4) { moved[$0, $1] - 4096 }
    func interval(_ x: Matrix) throws -> ConfidenceInterval {
      var evaluator = Evaluator(name: "a", width: 4, latentCount: 4)
      try evaluator.update(Rounding(), x)
      return try #require(evaluator.evaluation().intervals.fractionOfVarianceExplained)
    }
    let (a, b) = (try interval(plain), try interval(moved))
    #expect(abs(a.lower - b.lower) <= 1e-10 && abs(a.upper - b.upper) <= 1e-10)
  }

  /// Reconstructs the whole number below, so that the error knows no offset.
  private struct Rounding: SparseAutoencoder {
    let inputDimension = 4
    let latentCount = 4
    var decoder: Matrix { Matrix(rows: 4, columns: 4) { $0 == $1 ? 1 : 0 } }

    func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
      SparseLatents(
        dense: Matrix(rows: activations.rows, columns: 4) {
          activations[$0, $1].rounded(.down)
        })
    }

    func reconstruct(
      _ activations: Matrix, from latents: SparseLatents
    ) throws(ShapeError) -> Matrix { latents.dense() }
  }

  /// More blocks than are kept become fewer and longer ones, with the same sums.
  @Test func neighborsBecomeOneBlock() throws {
    let one = Matrix(rows: 1, columns: 1, repeating: 1)
    let products = one.rowProducts(with: one, rows: [0])
    for count in [1, 4, 5, 8, 9, 23] {
      var sums = BlockSums(limit: 4)
      for block in 0..<count {
        let latents = SparseLatents(dense: Matrix(rows: 1, columns: 1, repeating: Float(block + 1)))
        sums.add(
          block, products, latents, rows: [0], unexplained: nil,
          runningSums: [Double(block + 1), Double(block + 1)])
      }
      #expect(sums.count == count)
      let table = sums.table()
      #expect(table.rows <= 4)
      let columns = (0..<table.columns).map { column in
        (0..<table.rows).reduce(0) { $0 + table[$1, column] }
      }
      let total = Double(count)
      // Tokens first; firings, Σ|z| and the unexplained last of the numbers; then the sums.
      #expect(columns[0] == total && columns[9] == total)
      #expect(columns[10] == total * (total + 1) / 2)
      #expect(columns[columns.count - 1] == total)
      // Blocks are of equal length, but perhaps the last.
      let lengths = (0..<table.rows).map { table[$0, 0] }
      #expect(Set(lengths.dropLast()).count <= 1 && lengths.allSatisfy { $0 <= lengths[0] })
    }
  }

  /// Input and reconstruction are compared in the same scale, where the autoencoder sees each token in
  /// one of its own: tokens of norms 5 and 500 that are reconstructed but for their second dimension.
  /// x = (3, 4), (300, 400) → (3, 0), (300, 0): Σ‖r‖² = 16 + 160 000, Σ‖x − x̄‖² half of 297² + 396².
  @Test func normalizedAutoencodersAreMeasuredInTheActivationsScale() throws {
    var archive = SAEArchive(
      SAEArchitecture(.topK), inputDimension: 2, outputDimension: 2, latentCount: 1)
    archive.settings["k"] = .integer(1)
    archive.inputNormalization = .constantNorm
    for name in ["W_enc", "W_dec"] {
      archive.parameters[name] = .init(Matrix(rows: 1, columns: 2, values: [1, 0]))
    }
    archive.parameters["b_enc"] = .init(Matrix(rows: 1, columns: 1), isVector: true)
    archive.parameters["b_dec"] = .init(Matrix(rows: 1, columns: 2), isVector: true)
    var evaluator = Evaluator(name: "a", width: 2, latentCount: 1)
    try evaluator.update(
      try archive.autoencoder(), Matrix(rows: 2, columns: 2, values: [3, 4, 300, 400]))
    let value = evaluator.evaluation().reconstruction
    let variance: Double = (297 * 297 + 396 * 396) / 2
    #expect(agree(value.fractionOfVarianceExplained, 1 - 160_016 / variance, 1e-6))
    #expect(agree(value.meanActivationNorm, 252.5, 1e-6))
    #expect(agree(value.normRatio, 0.6, 1e-6))
  }

  @Test func nothingIsMadeOfANaN() throws {
    var x = Matrix(rows: 4, columns: 2) { Float($0 + $1) }
    x[3, 1] = .nan
    let intervals = try evaluate(x, scale: 0.5, batch: 4, contexts: [0, 1, 2, 3]).intervals
    #expect(intervals.meanSquaredError == nil && intervals.fractionOfVarianceExplained == nil)
    #expect(intervals.l0 != nil && intervals.l1 == nil)
  }
}
