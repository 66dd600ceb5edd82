import SAECore
import SAETestSupport
import Testing

@Suite struct TrainerTests {
  static func run(threads: Int, seed: UInt64, steps: Int = 6) throws -> ParameterSet {
    try Threads.withCount(threads) {
      var options = TrainingOptions(steps: steps)
      options.batchTokens = 50
      options.schedule.learningRate = 1e-2
      options.revival.deadLatentRule = .tokensIncludingBatch(100)
      options.seed = seed
      var run = try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 3), latentCount: 60, on: Matrix.random(170, 12, seed: 4),
        options: options)
      while try run.step() != nil {}
      return try run.folded().parameters
    }
  }

  @Test func bitsDependOnTheSeedAndNotOnThreads() throws {
    let reference = try Self.run(threads: 1, seed: 3)
    for threads in [2, 3, 7] { #expect(try Self.run(threads: threads, seed: 3) == reference) }
    #expect(try Self.run(threads: 1, seed: 4) != reference)
  }

  @Test func theLossFallsAndConstrainedDecoderRowsStayAtUnitNorm() throws {
    let activations = Matrix.random(256, 10, seed: 1)
    var options = TrainingOptions(steps: 60)
    options.batchTokens = 128
    options.schedule.learningRate = 3e-3
    var run = try TrainingRun<TopKAutoencoder>(
      .dictionaryLearning(k: 4), latentCount: 40, on: activations, options: options)
    var losses: [Double] = []
    while let report = try run.step() {
      losses.append(report.loss)
      for norm in run.trainer.model.decoder.rowNorms() { #expect(abs(norm - 1) < 1e-5) }
    }
    #expect(losses.count == 60)
    #expect(losses[59] < 0.8 * losses[0])
  }

  @Test func foldingTheScaleKeepsReconstructions() throws {
    var activations = Matrix.random(300, 9, seed: 8)
    activations.scale(by: 40)
    var options = TrainingOptions(steps: 10)
    options.batchTokens = 100
    var run = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 3), latentCount: 30, on: activations, options: options)
    while try run.step() != nil {}
    let onRaw = try run.folded().reconstruct(activations)
    let scaled = try run.scaling.scale(activations)
    let onScaled = try scaled.restored(run.trainer.model.reconstruct(scaled.activations))
    expectClose(onRaw.array, onScaled.array, tolerance: 1e-5, "reconstruction")
    // Constant norms give the exact factor: √width over the norm.
    options.data.normalization = .expectedAverageOnlyIn
    let constant = Matrix(rows: 64, columns: 4) { $0 % 4 == $1 ? 5 : 0 }
    let plain = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 1), latentCount: 8, on: constant, options: options)
    #expect(plain.scale == 2.0 / 5)
  }

  @Test func whatIsNotFiniteStopsTheRunAndLeavesTheModel() throws {
    let model = try TopKAutoencoder(
      parameters: [
        .encoder: .random(6, 4, seed: 1), .encoderBias: Matrix(rows: 1, columns: 6),
        .decoder: .random(6, 4, seed: 2), .decoderBias: Matrix(rows: 1, columns: 4),
      ], configuration: TopKConfiguration(k: 2))
    var trainer = Trainer(
      model, schedule: try .constant(1e-3), deadLatents: DeadLatents(latentCount: 6, rule: .never))
    _ = try trainer.train(on: .random(8, 4, seed: 3))
    let before = trainer.model.parameters
    var broken = Matrix.random(8, 4, seed: 4)
    broken[3, 2] = .nan
    #expect(throws: TrainingError.notFinite(step: 1, term: "reconstruction")) {
      _ = try trainer.train(on: broken)
    }
    #expect(trainer.model.parameters == before)
    #expect(throws: TrainingError.self) {
      _ = try trainer.train(on: .random(8, 5, seed: 4))
    }
    var options = TrainingOptions(steps: 1)
    options.batchTokens = 8
    #expect(
      throws: FileError.notFiniteActivations(ElementPlace(row: 3, column: 2), found: "nan")
    ) {
      _ = try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 2), latentCount: 6, on: broken, options: options)
    }
  }

  @Test func optionsThatMakeNoSenseAreRefused() throws {
    let source = Matrix.random(10, 4, seed: 1)
    func attempt(_ k: Int, _ latents: Int, _ edit: (inout TrainingOptions) -> Void) throws {
      var options = TrainingOptions(steps: 2)
      edit(&options)
      _ = try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: k), latentCount: latents, on: source, options: options)
    }
    #expect(throws: ShapeError.self) { try attempt(9, 8) { _ in } }
    #expect(throws: ShapeError.self) { try attempt(0, 8) { _ in } }
    #expect(throws: OptionError.self) { try attempt(1, 0) { _ in } }
    #expect(throws: OptionError.self) { try attempt(1, 8) { $0.steps = 0 } }
    #expect(throws: OptionError.self) { try attempt(1, 8) { $0.batchTokens = 0 } }
    #expect(throws: OptionError.self) { try attempt(1, 8) { $0.schedule.warmUpSteps = 3 } }
  }
}
