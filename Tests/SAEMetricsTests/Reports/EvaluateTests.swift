import Foundation
import SAECore
import SAETestSupport
import Synchronization
import Testing

@testable import SAEMetrics

/// One call over a source: the numbers of an evaluator that is fed by hand, in one pass.
@Suite struct EvaluateTests {
  /// Counts what an autoencoder is asked for.
  private final class Calls: Sendable {
    let encoded = Mutex(0)
    let decoded = Mutex(0)
  }

  private struct Counting: SparseAutoencoder {
    let base: ReLUAutoencoder
    let calls: Calls

    var inputDimension: Int { base.inputDimension }
    var latentCount: Int { base.latentCount }
    var decoder: Matrix { base.decoder }

    func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
      calls.encoded.withLock { $0 += activations.rows }
      return try base.encode(activations)
    }

    func reconstruct(
      _ activations: Matrix, from latents: SparseLatents
    ) throws(ShapeError) -> Matrix {
      calls.decoded.withLock { $0 += latents.tokens }
      return try base.reconstruct(activations, from: latents)
    }
  }

  /// Rows in blocks of one size, and the ranges that were read.
  private struct Blocks: HintedActivations {
    let matrix: Matrix
    let size: Int
    let reads: Reads

    final class Reads: Sendable {
      let ranges = Mutex([Range<Int>]())
      let released = Mutex([Range<Int>]())
    }

    var width: Int { matrix.columns }
    var tokens: Int { matrix.rows }
    var blocks: RowBlocks { RowBlocks(of: size, rows: tokens) }

    func read(_ rows: Range<Int>, into other: inout Matrix, at row: Int) {
      reads.ranges.withLock { $0.append(rows) }
      matrix.read(rows, into: &other, at: row)
    }

    func release(_ rows: Range<Int>) { reads.released.withLock { $0.append(rows) } }
  }

  /// The mean over counted tokens of the largest latent activation: a metric of one's own.
  private struct MeanLargest: Metric {
    private var tokens = 0
    private var sum = 0.0

    mutating func update(_ batch: EncodedBatch) throws(ShapeError) {
      for token in 0..<batch.tokens where batch.counts(token) {
        let entries = batch.latents.entries(of: token)
        tokens += 1
        sum += Double(batch.latents.values[entries].max() ?? 0)
      }
    }

    mutating func merge(_ other: MeanLargest) {
      tokens += other.tokens
      sum += other.sum
    }

    var value: Double? { tokens == 0 ? nil : sum / Double(tokens) }
  }

  @Test func oneCallIsThePassByHand() throws {
    let tokens = EvaluatorTests.Tokens(5)
    let model = try EvaluatorTests.model()
    let mask = TokenMask(tokens.mask, contexts: tokens.contexts)
    var evaluator = Evaluator(name: "a", width: 6, latentCount: 9)
    var byHand = MeanLargest()
    try byHand.update(evaluator.update(model, tokens.activations, mask: mask))
    for batchTokens in [1, 7, 4096] {
      var other = MeanLargest()
      var rows: [Range<Int>] = []
      let found = try evaluate(
        model, on: tokens.activations, name: "a", mask: mask, batchTokens: batchTokens
      ) {
        rows.append($0)
        try other.update($1)
      }
      #expect(found == evaluator.evaluation())
      #expect(agree(other.value, byHand.value, 1e-12) && other.value != nil)
      #expect(rows.allSatisfy { $0.count <= batchTokens })
      #expect(rows.flatMap { Array($0) } == Array(0..<tokens.rows))
    }
  }

  /// Each counted token is encoded and decoded once, whatever is measured.
  @Test func tokensAreEncodedOnce() throws {
    var generator = SeededGenerator(6)
    let (x, fitting) = (generator.matrix(300, 6), generator.matrix(200, 6))
    let mask = TokenMask((0..<300).map { $0 % 3 > 0 })
    let model = Counting(base: try EvaluatorTests.model(), calls: Calls())
    let linear = try LinearErrorPrediction(of: model, on: fitting, batchTokens: 64)
    #expect(model.calls.encoded.withLock { $0 } == 200)
    var identity = TokenIdentityMetrics(latentCount: 9)
    let evaluation = try evaluate(
      model, on: x, mask: mask, tokenIDs: (0..<300).map { $0 % 5 }, linearPart: linear
    ) { try identity.update($1) }
    #expect(model.calls.encoded.withLock { $0 } == 400)
    #expect(model.calls.decoded.withLock { $0 } == 400)
    #expect(evaluation.darkMatter?.tokens == 200 && evaluation.darkMatter?.trainingTokens == 200)
    #expect(evaluation.linearShare.value != nil && evaluation.linearShare.interval != nil)
    #expect(identity.value.tokens == 200)
  }

  /// Rows are read once, in order, in whole blocks of the source, and given back.
  @Test func sourcesAreReadInTheirBlocks() throws {
    var generator = SeededGenerator(7)
    let source = Blocks(matrix: generator.matrix(100, 6), size: 15, reads: Blocks.Reads())
    let model = try EvaluatorTests.model()
    let found = try evaluate(model, on: source, batchTokens: 40)
    let ranges = [0..<30, 30..<60, 60..<90, 90..<100]
    #expect(source.reads.ranges.withLock { $0 } == ranges)
    #expect(source.reads.released.withLock { $0 } == ranges)
    #expect(try evaluate(model, on: source.matrix) == found)
    _ = try evaluate(model, on: source, batchTokens: 4)
    #expect(source.reads.ranges.withLock { $0.map(\.count).max() } == 30)
  }

  @Test func valuesComeWithTheirIntervals() throws {
    var generator = SeededGenerator(8)
    let evaluation = try evaluate(EvaluatorTests.model(), on: generator.matrix(600, 6))
    let explained = evaluation.fractionOfVarianceExplained
    #expect(explained.value == evaluation.reconstruction.fractionOfVarianceExplained)
    #expect(explained.interval == evaluation.intervals.fractionOfVarianceExplained)
    #expect(explained.interval != nil && evaluation.contexts == 5)
    #expect(evaluation.l0.value == evaluation.sparsity.l0 && evaluation.l1.interval != nil)
    #expect(evaluation.linearShare == SAEMetrics.Measured(nil))
    #expect(evaluation.nonlinearFractionOfVarianceUnexplained.value == nil)
    let coder = (JSONEncoder(), JSONDecoder())
    let back = try coder.1.decode(Evaluation.self, from: coder.0.encode(evaluation))
    #expect(back == evaluation)
    let measured = try coder.1.decode(SAEMetrics.Measured.self, from: coder.0.encode(explained))
    #expect(measured == explained)
    let keys = try #require(
      try JSONSerialization.jsonObject(with: coder.0.encode(evaluation)) as? [String: Any]
    ).keys
    #expect(
      Set(keys) == [
        "contexts", "intervals", "latentCount", "name", "reconstruction", "sparsity",
      ])
  }

  @Test func whatDoesNotFitIsRefusedBeforeAnythingIsRead() throws {
    let source = Blocks(matrix: Matrix(rows: 10, columns: 6), size: 1, reads: Blocks.Reads())
    let model = try EvaluatorTests.model()
    #expect(throws: ShapeError("mask", "tokens", expected: 10, found: 2)) {
      try evaluate(model, on: source, mask: [true, false])
    }
    #expect(throws: ShapeError("contexts", "tokens", expected: 10, found: 1)) {
      try evaluate(model, on: source, mask: TokenMask(contexts: [0]))
    }
    #expect(throws: ShapeError("token ids", "tokens", expected: 10, found: 1)) {
      try evaluate(model, on: source, tokenIDs: [4])
    }
    #expect(source.reads.ranges.withLock { $0.isEmpty })
  }

  @Test func nothingIsMeasuredOfNoTokens() throws {
    let evaluation = try evaluate(EvaluatorTests.model(), on: Matrix(rows: 0, columns: 6))
    #expect(evaluation.tokens == 0 && evaluation.contexts == 0)
    #expect(evaluation.fractionOfVarianceExplained == SAEMetrics.Measured(nil))
    #expect(evaluation.l0 == SAEMetrics.Measured(nil))
    #expect(
      throws: OptionError(
        "linear part of the error", expected: "training tokens", found: "none")
    ) {
      try LinearErrorPrediction(of: EvaluatorTests.model(), on: Matrix(rows: 0, columns: 6))
    }
  }
}
