import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Laws that the threshold family keeps: bits, dense against sparse, conversions, files, edge cases.
@Suite struct ThresholdBehaviorTests {
  static func reLU(_ seed: UInt64, latents: Int = 60, width: Int = 12) throws -> ReLUAutoencoder {
    try ReLUAutoencoder(
      parameters: ThresholdGradientTests.weights(
        latents: latents, width: width, vectors: [.encoderBias], seed: seed),
      configuration: ReLUConfiguration(coefficient: .one))
  }

  static func jumpReLU(
    _ seed: UInt64, latents: Int = 60, width: Int = 12, threshold: Float = 0.4
  ) throws -> JumpReLUAutoencoder {
    var configuration = JumpReLUConfiguration(coefficient: .one)
    configuration.preActivationLoss = .init(coefficient: 0.1, isForDeadLatents: false)
    let weights = ThresholdGradientTests.weights(
      latents: latents, width: width, vectors: [.encoderBias], seed: seed)
    configuration.initialThreshold = threshold
    return try JumpReLUAutoencoder(
      parameters: configuration.initialParameters(
        weights, batch: Matrix(rows: 1, columns: width)), configuration: configuration)
  }

  static func gated(_ seed: UInt64, latents: Int = 60, width: Int = 12) throws -> GatedAutoencoder {
    try GatedAutoencoder(
      parameters: ThresholdGradientTests.weights(
        latents: latents, width: width,
        vectors: [.gateBias, .magnitudeBias, .magnitudeScale], seed: seed),
      configuration: .saeLens(coefficient: .one))
  }

  private func expectSameBits<Model: TrainableAutoencoder>(_ model: Model) throws {
    let x = Matrix.random(700, model.inputDimension, seed: 17)
    func trained(_ threads: Int) throws -> (ParameterSet, [Double]) {
      try Threads.withCount(threads) {
        var trainer = Trainer(
          model, schedule: try .constant(0.01),
          deadLatents: DeadLatents(latentCount: model.latentCount, rule: .never))
        var losses: [Double] = []
        for _ in 0..<3 { losses.append(try trainer.train(on: x).loss) }
        return (trainer.model.parameters, losses)
      }
    }
    let reference = try trained(1)
    for threads in [2, 3, 7] {
      let other = try trained(threads)
      #expect(other.0 == reference.0 && other.1 == reference.1, "\(threads) threads")
    }
  }

  @Test func bitsDoNotDependOnThreads() throws {
    try expectSameBits(Self.reLU(1))
    try expectSameBits(Self.gated(2))
    try expectSameBits(Self.jumpReLU(3))
    // Few enough entries for sparse sums.
    let sparse = try Self.jumpReLU(4, latents: 300, threshold: 3.5)
    let latents = try sparse.encode(Matrix.random(700, 12, seed: 17))
    #expect(!latents.isDense && latents.entryCount > 0)
    try expectSameBits(sparse)
  }

  @Test func aGateIsAThreshold() throws {
    for seed in 0..<5 as Range<UInt64> {
      let gated = try Self.gated(seed)
      let jump = gated.jumpReLU()
      let x = Matrix.random(40, 12, seed: seed + 50)
      let (one, other) = (try gated.encode(x), try jump.encode(x))
      #expect(one.entryCount > 0)
      // In double no pre-activation of these lies within rounding of its threshold.
      #expect(one.indices == other.indices && one.rowOffsets == other.rowOffsets)
      expectClose(other.values, one.values, tolerance: 2e-6, "latents")
      expectClose(
        try jump.reconstruct(x, from: other).array, try gated.reconstruct(x, from: one).array,
        tolerance: 2e-6, "reconstruction")
    }
  }

  @Test func thresholdsAreStrictAndValuesExact() throws {
    var configuration = JumpReLUConfiguration(coefficient: .one)
    configuration.subtractsDecoderBias = false
    let model = try JumpReLUAutoencoder(
      parameters: [
        .encoder: Matrix(rows: 4, columns: 1, values: [1, 1, 1, -1]),
        .encoderBias: Matrix(rows: 1, columns: 4),
        .decoder: Matrix(rows: 4, columns: 1, repeating: 1),
        .decoderBias: Matrix(rows: 1, columns: 1),
        .threshold: Matrix(rows: 1, columns: 4, values: [1, Float(1).nextDown, -2, -2]),
      ], configuration: configuration)
    let latents = try model.encode(Matrix(rows: 2, columns: 1, values: [1, 0.1]))
    // θ = h is not active, and a negative threshold does not let negative latents through.
    #expect(latents.indices == [1, 2, 2])
    #expect(latents.values == [1, 1, 0.1])
  }

  @Test func logarithmicThresholdsAreTheExponentials() throws {
    var configuration = JumpReLUConfiguration(coefficient: .one)
    configuration.parametrization = .logarithmic
    configuration.initialThreshold = 0.25
    let weights = ThresholdGradientTests.weights(
      latents: 6, width: 3, vectors: [.encoderBias], seed: 1)
    let model = try JumpReLUAutoencoder(
      parameters: configuration.initialParameters(weights, batch: Matrix(rows: 1, columns: 3)),
      configuration: configuration)
    #expect(model.thresholds.allSatisfy { abs($0 - 0.25) < 1e-7 })
    #expect(model.archive().parameters["threshold"]?.values.array == model.thresholds)
    #expect(model.archive().parameters["log_threshold"] == nil)
  }

  private func expectRoundTrip<Model: StorableAutoencoder>(_ model: Model) throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("sae")
    try model.save(to: path)
    let again = try Model.load(path)
    let x = Matrix.random(20, model.inputDimension, seed: 6)
    let latents = try model.encode(x)
    #expect(latents.entryCount > 0)
    #expect(try again.encode(x) == latents)
    #expect(try again.reconstruct(x, from: latents) == model.reconstruct(x, from: latents))
    #expect(again.archive() == model.archive())
  }

  @Test func filesKeepEverything() throws {
    try expectRoundTrip(Self.reLU(1))
    try expectRoundTrip(Self.jumpReLU(2))
    try expectRoundTrip(Self.gated(3))
    let path = try ScratchFolder()
    try Self.reLU(1).save(to: path.file("relu"))
    #expect(throws: FileError.self) { try GatedAutoencoder.load(path.file("relu")) }
    var archive = try Self.reLU(1).archive()
    archive.inputNormalization = .layerNorm
    #expect(throws: FileError.self) { try ReLUAutoencoder(archive) }
  }

  @Test func shapesThatDoNotFitAreErrors() throws {
    let model = try Self.gated(1)
    #expect(throws: ShapeError.self) { try model.encode(Matrix(rows: 2, columns: 11)) }
    var parameters = model.parameters
    parameters[.gateBias] = Matrix(rows: 1, columns: 59)
    #expect(throws: ShapeError("b_gate", "numbers", expected: 60, found: 59)) {
      try GatedAutoencoder(parameters: parameters, configuration: model.configuration)
    }
  }

  @Test func nothingActiveGivesTheBias() throws {
    let model = try Self.jumpReLU(1, threshold: 1e6)
    let x = Matrix.random(5, 12, seed: 3)
    #expect(try model.encode(x).entryCount == 0)
    var copy = model
    var gradients = model.parameters.zeros()
    let pass = try copy.computeGradients(
      of: TrainingBatch(activations: x, deadLatents: DeadLatents(latentCount: 60, rule: .never)),
      into: &gradients)
    #expect(pass.totalLoss.isFinite && gradients.norm().isFinite)
    #expect(gradients[.decoder].array.contains { $0 != 0 }, "the pre-activation loss's")
  }
}
