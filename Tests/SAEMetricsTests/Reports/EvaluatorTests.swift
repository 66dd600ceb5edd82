import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

/// The evaluator over many batches, with contexts and masks: the same bits as over one batch, and as
/// over the counted tokens alone.
@Suite struct EvaluatorTests {
  /// A sparse autoencoder that reconstructs badly enough for every metric to say something.
  static func model() throws -> ReLUAutoencoder {
    var generator = SeededGenerator(8)
    return try ReLUAutoencoder(
      parameters: [
        .encoder: generator.matrix(9, 6), .encoderBias: generator.matrix(1, 9, around: -0.5),
        .decoder: generator.matrix(9, 6), .decoderBias: generator.matrix(1, 6),
      ], configuration: .saeLens(coefficient: CoefficientSchedule(finalValue: 1)))
  }

  /// Tokens of 40 contexts of 1 to 30 tokens, of which about a third are masked and hold NaN.
  struct Tokens {
    var activations: Matrix
    var contexts: [Int]
    var mask: [Bool]

    init(_ seed: UInt64) {
      var generator = SeededGenerator(seed)
      contexts = (0..<40).flatMap { context in
        [Int](repeating: 3 * context, count: Int.random(in: 1...30, using: &generator))
      }
      mask = contexts.map { $0 != 6 && Int.random(in: 0..<3, using: &generator) > 0 }
      activations = generator.matrix(contexts.count, 6, around: 0.4)
      for row in mask.indices where !mask[row] {
        for column in 0..<6 { activations[row, column] = .nan }
      }
    }

    var rows: Int { contexts.count }

    /// The counted tokens alone.
    var counted: (activations: Matrix, contexts: [Int]) {
      let rows = mask.indices.filter { mask[$0] }
      return (
        Matrix(rows: rows.count, columns: 6) { activations[rows[$0], $1] },
        rows.map { contexts[$0] }
      )
    }
  }

  static func evaluation(
    _ activations: Matrix, contexts: [Int]?, mask: [Bool]?, cuts: [Range<Int>]
  ) throws -> Evaluation {
    let model = try model()
    let linear = LinearErrorPrediction(
      trainingTokens: 100, penalty: 0, activationMean: [Double](repeating: 0.4, count: 6),
      targetMean: [Double](repeating: 0.1, count: 7),
      weights: DoubleMatrix(
        rows: 6, columns: 7, values: (0..<42).map { Double($0 % 5) / 20 - 0.1 }))
    var evaluator = Evaluator(
      name: "a", width: 6, latentCount: 9, linearPart: linear)
    for rows in cuts {
      try evaluator.update(
        model, Matrix(activations[rows: rows]), mask: TokenMask(mask, contexts: contexts)[rows])
    }
    var bootstrap = BlockBootstrap()
    bootstrap.resamples = 100
    return evaluator.evaluation(bootstrap)
  }

  @Test(arguments: 0..<8 as Range<UInt64>, [false, true])
  func batchesChangeNoBit(_ seed: UInt64, hasContexts: Bool) throws {
    let tokens = Tokens(seed)
    var generator = SeededGenerator(seed + 100)
    let contexts = hasContexts ? tokens.contexts : nil
    func evaluation(_ cuts: [Range<Int>]) throws -> Evaluation {
      try Self.evaluation(tokens.activations, contexts: contexts, mask: tokens.mask, cuts: cuts)
    }
    let whole = try evaluation([0..<tokens.rows])
    #expect(whole.reconstruction.tokens == tokens.mask.count { $0 })
    #expect(whole.intervals.fractionOfVarianceExplained != nil)
    #expect(whole.intervals.linearShare != nil)
    for _ in 0..<3 {
      #expect(try evaluation(randomCuts(tokens.rows, &generator)) == whole)
    }
    #expect(try evaluation((0..<tokens.rows).map { $0..<$0 + 1 }) == whole)
    guard hasContexts else { return }
    // 40 contexts, one of which is masked as a whole and others that may be.
    let counted = tokens.counted
    #expect(whole.contexts == Set(counted.contexts).count && whole.contexts < 40)
    #expect(
      try Self.evaluation(
        counted.activations, contexts: counted.contexts, mask: nil,
        cuts: randomCuts(counted.contexts.count, &generator)) == whole)
  }

  /// Without contexts a block is 128 neighbors in the stream, counted or not.
  @Test func blocksAreOfTheStreamAndNotOfWhatCounts() throws {
    let x = Matrix(rows: 300, columns: 6) { Float(($0 * 7 + $1 * 3) % 11) / 7 }
    let mask = (0..<300).map { !(128..<256).contains($0) }
    for cuts in [[0..<300], [0..<100, 100..<200, 200..<300]] {
      let evaluation = try Self.evaluation(x, contexts: nil, mask: mask, cuts: cuts)
      #expect(evaluation.contexts == 2 && evaluation.reconstruction.tokens == 172)
    }
  }

  /// In a batch, or from one to the next; what was measured stays.
  @Test func contextsThatDescendAreRefused() throws {
    let model = try Self.model()
    let x = Matrix(rows: 4, columns: 6) { Float(($0 * 7 + $1 * 3) % 11) / 7 }
    var evaluator = Evaluator(name: "a", width: 6, latentCount: 9)
    try evaluator.update(model, x, mask: TokenMask(contexts: [3, 3, 5, 5]))
    let before = evaluator.evaluation()
    for contexts in [[5, 6, 5, 7], [4, 6, 7, 8], [9, 9, 9, 0]] {
      #expect(throws: ShapeError.self, "\(contexts)") {
        try evaluator.update(model, x, mask: TokenMask(contexts: contexts))
      }
      #expect(evaluator.evaluation() == before)
    }
    try evaluator.update(model, x, mask: TokenMask(contexts: [5, 5, 5, 6]))
    #expect(evaluator.evaluation().contexts == 3)
  }

  @Test func lengthsThatDoNotFitAreRefusedAndLeaveWhatWasMeasured() throws {
    let model = try Self.model()
    var evaluator = Evaluator(name: "a", width: 6, latentCount: 9)
    let x = Matrix(rows: 5, columns: 6) { Float($0 + $1) }
    try evaluator.update(model, x)
    let before = evaluator.evaluation()
    #expect(throws: ShapeError.self) {
      try evaluator.update(model, x, mask: TokenMask(contexts: [0, 1]))
    }
    #expect(throws: ShapeError.self) { try evaluator.update(model, x, mask: [true]) }
    #expect(throws: ShapeError.self) { try evaluator.update(model, Matrix(rows: 5, columns: 7)) }
    #expect(evaluator.evaluation() == before)
  }
}
