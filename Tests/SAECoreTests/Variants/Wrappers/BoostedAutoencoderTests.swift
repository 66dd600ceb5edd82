import SAECore
import SAETestSupport
import Testing

@Suite struct BoostedAutoencoderTests {
  private func weights(_ latents: Int, _ width: Int, _ seed: UInt64) -> ParameterSet {
    [
      .encoder: Matrix.random(latents, width, seed: seed),
      .encoderBias: Matrix.random(1, latents, seed: seed + 1),
      .decoder: Matrix.random(latents, width, seed: seed + 2),
      .decoderBias: Matrix.random(1, width, seed: seed + 3),
    ]
  }

  private func boosted() throws -> BoostedAutoencoder<TopKAutoencoder, BatchTopKAutoencoder> {
    let base = try TopKAutoencoder(
      parameters: weights(20, 6, 1), configuration: TopKConfiguration(k: 3))
    var booster = BatchTopKConfiguration(meanK: 2)
    booster.decoderConstraint = .none
    return try BoostedAutoencoder(
      parameters: weights(9, 6, 5),
      configuration: BoostingConfiguration(base: base, booster: booster))
  }

  @Test func addsUpReconstructionsAndLatents() throws {
    let model = try boosted()
    let x = Matrix.random(8, 6, seed: 20)
    var expected = try model.base.reconstruct(x)
    expected.add(try model.booster.reconstruct(x))
    #expect(try model.reconstruct(x) == expected)
    let latents = try model.encode(x)
    #expect(latents.latentCount == 29)
    #expect(try model.reconstruct(x, from: latents) == expected)
  }

  /// The booster's gradients are those of an autoencoder without decoder bias on what is left over.
  @Test func gradientsAreThoseOnTheResidual() throws {
    var model = try boosted()
    let x = Matrix.random(8, 6, seed: 21)
    var target = x
    target.add(try model.base.reconstruct(x), times: -1)
    let never = DeadLatents(latentCount: 9, rule: .never)
    var gradients = model.parameters.zeros()
    let pass = try model.computeGradients(
      of: TrainingBatch(activations: x, deadLatents: never), into: &gradients)
    let alone = model.booster
    var expected = alone.parameters.zeros()
    let other = try alone.computeGradients(
      of: TrainingBatch(activations: x, target: target, deadLatents: never), into: &expected)
    #expect(pass.losses == other.losses)
    for name in [ParameterName.encoder, .encoderBias, .decoder] {
      #expect(gradients[name] == expected[name])
    }
    #expect(gradients[.decoderBias].array.allSatisfy { $0 == 0 })
  }

  @Test func trainingLowersTheErrorAndLeavesTheBaseAndTheBiasAlone() throws {
    let model = try boosted()
    let x = Matrix.random(40, 6, seed: 22)
    var trainer = Trainer(
      model, schedule: try .constant(0.01), deadLatents: DeadLatents(latentCount: 9, rule: .never))
    let first = try trainer.train(on: x).loss
    var last = first
    for _ in 0..<60 { last = try trainer.train(on: x).loss }
    #expect(last < 0.9 * first)
    #expect(trainer.model.base == model.base)
    #expect(trainer.model.parameters[.decoderBias].array.allSatisfy { $0 == 0 })
    #expect(trainer.model.booster.threshold != nil)
  }

  @Test func boostersMustFitTheBase() throws {
    let base = try TopKAutoencoder(
      parameters: weights(20, 6, 1), configuration: TopKConfiguration(k: 3))
    #expect(throws: ShapeError("booster", "input dimensions", expected: 6, found: 5)) {
      try BoostedAutoencoder<TopKAutoencoder, TopKAutoencoder>(
        parameters: weights(9, 5, 5),
        configuration: BoostingConfiguration(base: base, booster: TopKConfiguration(k: 2)))
    }
  }
}
