import SAECore
import SAEMetrics
import SAETestSupport
import Testing

/// What a training step reports of its batch against the metrics of that batch.
@Suite struct StepReportTests {
  /// Activations far from 0, whose variance is not the sum of their squares.
  static func activations(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed)
    return generator.matrix(rows, columns, around: 3)
  }

  static func weights(latents: Int, inputs: Int, outputs: Int) -> ParameterSet {
    var generator = SeededGenerator(1)
    return [
      .encoder: generator.matrix(latents, inputs), .encoderBias: generator.matrix(1, latents),
      .decoder: generator.matrix(latents, outputs), .decoderBias: generator.matrix(1, outputs),
    ]
  }

  /// The report of a step, and the metrics of the batch with the model before it.
  private func check<Model: TrainableAutoencoder>(
    _ model: Model, target: Matrix? = nil, errorWeights: [Float]? = nil
  ) throws {
    let x = Self.activations(70, 6, seed: 2)
    var trainer = Trainer(
      model, schedule: try .constant(1e-2),
      deadLatents: DeadLatents(latentCount: model.latentCount, rule: .never))
    let latents = try model.encode(x)
    var metrics = ReconstructionMetrics(width: model.outputDimension)
    try metrics.update(
      EncodedBatch(activations: target ?? x, reconstruction: model.reconstruct(x, from: latents)))
    var sparsity = SparsityMetrics(latentCount: model.latentCount)
    try sparsity.update(EncodedBatch(latents: latents))
    let report = try trainer.train(
      on: x, target: target, errorWeights: errorWeights)
    let (expected, found) = (metrics.value, report.fractionOfVarianceExplained)
    // Reconstructions in float32, of sums of some ten terms: 1e-5 of their size, which the squares and
    // the quotient double.
    #expect(agree(found, expected.fractionOfVarianceExplained, 4e-5), "\(Model.self)")
    let squares = try #require(expected.meanSquaredError) * 70
    #expect(agree(report.totalSquaredError, squares, 4e-5 * squares), "\(Model.self)")
    #expect(report.l0 == sparsity.value.l0)
    #expect(report.number == 1 && report.tokens == 70)
  }

  @Test(arguments: [nil, true, false]) func ofEveryVariant(_ isDense: Bool?) throws {
    let weights = Self.weights(latents: 20, inputs: 6, outputs: 6)
    try ForcedDensity.$isDense.withValue(isDense) {
      try check(TopKAutoencoder(parameters: weights, configuration: TopKConfiguration(k: 4)))
      try check(
        ReLUAutoencoder(
          parameters: weights,
          configuration: .saeLens(coefficient: CoefficientSchedule(finalValue: 0.3))))
      try check(
        JumpReLUAutoencoder(
          parameters: [
            .encoder: weights[.encoder], .encoderBias: weights[.encoderBias],
            .decoder: weights[.decoder], .decoderBias: weights[.decoderBias],
            .threshold: Matrix(rows: 1, columns: 20, repeating: 0.3),
          ],
          configuration: JumpReLUConfiguration(coefficient: CoefficientSchedule(finalValue: 0.3))))
      try check(
        MatchingPursuitAutoencoder(
          parameters: [.decoder: weights[.decoder], .decoderBias: weights[.decoderBias]],
          configuration: MatchingPursuitConfiguration(maxIterations: 3)))
    }
  }

  /// Weights of tokens count in the loss, not in what is explained.
  @Test func weightsOfTokensChangeNothing() throws {
    let weights = Self.weights(latents: 20, inputs: 6, outputs: 6)
    try check(
      TopKAutoencoder(parameters: weights, configuration: TopKConfiguration(k: 4)),
      errorWeights: (0..<70).map { Float($0 % 7) })
  }

  @Test func aTranscodersTargetIsWhatVaries() throws {
    let weights = Self.weights(latents: 20, inputs: 6, outputs: 4)
    try check(
      Transcoder(parameters: weights, configuration: TranscoderConfiguration(k: 4)),
      target: Self.activations(70, 4, seed: 3))
  }

  @Test func nothingThatVariesHasNoFraction() throws {
    var trainer = Trainer(
      try TopKAutoencoder(
        parameters: Self.weights(latents: 8, inputs: 6, outputs: 6),
        configuration: TopKConfiguration(k: 2)), schedule: try .constant(1e-3),
      deadLatents: DeadLatents(latentCount: 8, rule: .never))
    let report = try trainer.train(
      on: Matrix(rows: 5, columns: 6, repeating: 2))
    #expect(report.fractionOfVarianceExplained == nil)
  }
}
