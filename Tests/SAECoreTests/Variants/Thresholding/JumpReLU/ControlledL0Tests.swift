import SAETestSupport
import Testing

@testable import SAECore

/// JumpReLU held at an L0: its price, its beginning, and where it ends.
@Suite struct ControlledL0Tests {
  static func model(
    _ configuration: JumpReLUConfiguration, _ batch: Matrix, latents: Int, seed: UInt64
  ) throws -> JumpReLUAutoencoder {
    var weights = ThresholdGradientTests.weights(
      latents: latents, width: batch.columns, vectors: [.encoderBias], seed: seed)
    // As training begins, with small rows: then activations at the margin are worth something.
    weights[.decoder] = weights[.encoder]
    weights[.decoder].scale(by: 0.2)
    return try JumpReLUAutoencoder(
      parameters: configuration.initialParameters(weights, batch: batch),
      configuration: configuration)
  }

  static func l0(_ latents: SparseLatents) -> Double {
    Double(latents.values.count { $0 != 0 }) / Double(latents.tokens)
  }

  @Test func beginsAtTheTarget() throws {
    for target in [1.0, 4.5, 12] {
      let batch = Matrix.random(200, 10, seed: 1)
      let model = try Self.model(.controlledL0(target), batch, latents: 50, seed: 2)
      #expect(abs(Self.l0(try model.encode(batch)) - target) <= 1.0 / 200)
    }
  }

  /// What the price is for: thresholds as a whole stay where they are.
  @Test func gradientsOfThresholdsAddUpToNothing() throws {
    var pushed = 0
    for seed in 0..<6 as Range<UInt64> {
      let batch = Matrix.random(150, 10, seed: seed)
      var model = try Self.model(.controlledL0(5), batch, latents: 50, seed: seed + 10)
      var gradients = model.parameters.zeros()
      let pass = try model.computeGradients(
        of: TrainingBatch(
          activations: batch, deadLatents: DeadLatents(latentCount: 50, rule: .never)),
        into: &gradients)
      let slopes = gradients[.threshold].array
      let sum = slopes.reduce(0) { $0 + Double($1) }
      let size = slopes.reduce(0) { $0 + abs(Double($1)) }
      let price = try #require(pass.losses.first { $0.name == "sparsity" }).value
      #expect(size > 0)
      if price > 0 {
        pushed += 1
        #expect(abs(sum) <= 1e-5 * size)
      } else {
        // Reconstruction alone raises them: nothing is to be paid.
        #expect(sum <= 0)
      }
    }
    #expect(pushed > 0)
  }

  @Test(arguments: [JumpReLUConfiguration.Parametrization.clamped, .logarithmic])
  func endsAtTheTarget(_ parametrization: JumpReLUConfiguration.Parametrization) throws {
    var configuration = JumpReLUConfiguration.controlledL0(6)
    configuration.parametrization = parametrization
    let x = Matrix.random(256, 16, seed: 5)
    var trainer = Trainer(
      try Self.model(configuration, x, latents: 64, seed: 6), schedule: try .constant(3e-3),
      deadLatents: DeadLatents(latentCount: 64, rule: .tokensIncludingBatch(2000)))
    var first = 0.0
    var last = 0.0
    for step in 0..<60 {
      last = try trainer.train(on: x).totalSquaredError
      if step == 0 { first = last }
    }
    #expect(last < first)
    let l0 = Self.l0(try trainer.model.encode(x))
    #expect(abs(l0 - 6) <= 0.6, "L0 \(l0)")
  }

  @Test func thresholdsFollowNormsAndL0() throws {
    let configuration = JumpReLUConfiguration.controlledL0(10)
    let still = try #require(
      configuration.thresholdFactors(l0: 10, normsBefore: [1, 2, 0], normsAfter: [2, 2, 1]))
    #expect(still == [0.5, 1, 1])
    let high = try #require(
      configuration.thresholdFactors(l0: 1000, normsBefore: [1], normsAfter: [1]))
    #expect(abs(high[0] - 1.051_271_1) < 1e-6)
    #expect(
      JumpReLUConfiguration(coefficient: .one).thresholdFactors(
        l0: 5, normsBefore: [1], normsAfter: [1]) == nil)
  }

  /// The auxiliary loss is that of the variants that select latents.
  @Test func deadLatentsGetTheAuxiliaryGradient() throws {
    let batch = Matrix.random(80, 10, seed: 3)
    var model = try Self.model(.controlledL0(3), batch, latents: 40, seed: 4)
    // No token lets this one through.
    var thresholds = model.thresholds
    thresholds[7] = 1e6
    model.parameters[.threshold] = .rowVector(thresholds)
    var gradients = model.parameters.zeros()
    var sinceFiring = [Int](repeating: 0, count: 40)
    sinceFiring[7] = 1000
    let pass = try model.computeGradients(
      of: TrainingBatch(
        activations: batch,
        deadLatents: DeadLatents(sinceFiring: sinceFiring, rule: .tokensBeforeBatch(500))),
      into: &gradients)
    #expect(pass.deadCount == 1 && pass.losses.contains { $0.name == "auxiliary" && $0.value > 0 })
    let (encoder, decoder) = (gradients[.encoder], gradients[.decoder])
    #expect((0..<10).contains { encoder[7, $0] != 0 } && (0..<10).contains { decoder[7, $0] != 0 })
    #expect(gradients[.encoderBias][0, 7] != 0 && gradients[.threshold][0, 7] == 0)
  }
}
