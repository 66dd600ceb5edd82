import SAETestSupport
import Testing

@testable import SAECore

/// Steps on dense and on sparse latents are two ways to one result.
@Suite struct DenseStepTests {
  /// Loss, gradients and activity of a batch, taken for dense or for sparse.
  private func pass<Model: TrainableAutoencoder>(
    _ model: Model, _ batch: TrainingBatch, isDense: Bool, threads: Int = 2
  ) throws -> (pass: TrainingPass, gradients: ParameterSet) {
    try ForcedDensity.$isDense.withValue(isDense) {
      try Threads.withCount(threads) {
        var model = model
        var gradients = model.parameters.zeros()
        let pass = try model.computeGradients(of: batch, into: &gradients)
        #expect((pass.latents == nil) == isDense)
        return (pass, gradients)
      }
    }
  }

  /// - Parameter tolerance: relative to each gradient's largest element. Sums run over at most
  ///   `latents` or `tokens` products in float32 on both sides, in another order: √n roundings of
  ///   2⁻²⁴ each, doubled for two sums one after the other, and an order of magnitude of room.
  func expectAgreement<Model: TrainableAutoencoder>(
    _ model: Model, _ batch: TrainingBatch, _ name: String
  ) throws {
    let sparse = try pass(model, batch, isDense: false)
    let dense = try pass(model, batch, isDense: true)
    let terms = Double(max(model.latentCount, batch.activations.rows))
    let tolerance = 20 * terms.squareRoot() * 0x1p-24
    #expect(sparse.pass.losses.map(\.name) == dense.pass.losses.map(\.name))
    for (a, b) in zip(sparse.pass.losses, dense.pass.losses) {
      #expect(abs(a.value - b.value) <= tolerance * abs(a.value), "\(name): \(a.name)")
    }
    #expect(
      sparse.pass.activity.activeTokens == dense.pass.activity.activeTokens, "\(name): activity")
    #expect(sparse.pass.deadCount == dense.pass.deadCount)
    for parameter in sparse.gradients.names {
      expectClose(
        dense.gradients[parameter].array, sparse.gradients[parameter].array,
        tolerance: tolerance, "\(name): \(parameter)")
    }
    for threads in [1, 3, 7] {
      let again = try pass(model, batch, isDense: true, threads: threads)
      #expect(again.gradients == dense.gradients, "\(name): \(threads) threads")
      #expect(again.pass.losses == dense.pass.losses, "\(name): \(threads) threads")
    }
  }

  /// A batch on which a quarter of the latents have not fired for long.
  func batch(tokens: Int, width: Int, latents: Int, seed: UInt64) -> TrainingBatch {
    TrainingBatch(
      activations: Matrix.random(tokens, width, seed: seed),
      deadLatents: DeadLatents(
        sinceFiring: (0..<latents).map { $0 % 4 == 0 ? 100 : 0 }, rule: .stepsBeforeBatch(50)))
  }

  /// (tokens, width, latents); the last has several panels.
  static let shapes = [(1, 1, 1), (5, 3, 8), (33, 7, 40), (4096 * 8, 2, 130)]

  @Test(arguments: shapes.indices) func reLU(_ index: Int) throws {
    let (tokens, width, latents) = Self.shapes[index]
    let seed = UInt64(10 * index)
    let parameters = ThresholdGradientTests.weights(
      latents: latents, width: width, vectors: [.encoderBias], seed: seed)
    for (number, penalty) in ThresholdGradientTests.penalties.enumerated()
    where tokens < 100 || number < 1 {
      var configuration = ReLUConfiguration(coefficient: ThresholdGradientTests.one(0.7))
      configuration.penalty = penalty
      configuration.subtractsDecoderBias = number % 2 == 0
      try expectAgreement(
        ReLUAutoencoder(parameters: parameters, configuration: configuration),
        batch(tokens: tokens, width: width, latents: latents, seed: seed + 1),
        "penalty \(number)")
    }
  }

  @Test(arguments: shapes.indices) func gated(_ index: Int) throws {
    let (tokens, width, latents) = Self.shapes[index]
    let seed = UInt64(10 * index)
    let parameters = ThresholdGradientTests.weights(
      latents: latents, width: width, vectors: [.gateBias, .magnitudeBias, .magnitudeScale],
      seed: seed)
    for (number, penalty) in ThresholdGradientTests.penalties.enumerated()
    where tokens < 100 || number < 1 {
      var configuration = GatedConfiguration(coefficient: ThresholdGradientTests.one(0.7))
      configuration.penalty = penalty
      configuration.subtractsDecoderBias = number % 2 == 0
      configuration.auxiliaryTrainsDecoder = number % 2 == 1
      try expectAgreement(
        GatedAutoencoder(parameters: parameters, configuration: configuration),
        batch(tokens: tokens, width: width, latents: latents, seed: seed + 1),
        "penalty \(number)")
    }
  }
}

/// JumpReLU, whose step has more to it: every penalty with every estimator, revival and auxiliary loss.
extension DenseStepTests {
  @Test(arguments: 0..<4) func jumpReLU(_ index: Int) throws {
    let (tokens, width, latents) = Self.shapes[index]
    let isLarge = tokens > 100
    let seed = UInt64(10 * index)
    let losses = JumpReLUGradientTests.losses + [.controlledL0(target: 2)]
    for (number, loss) in losses.enumerated() where !isLarge || number < 1 {
      for estimator in JumpReLUGradientTests.estimators where !isLarge || estimator == .threshold {
        for parametrization in [
          JumpReLUConfiguration.Parametrization.clamped, .free, .logarithmic,
        ] where !isLarge || parametrization == .clamped {
          var parameters = ThresholdGradientTests.weights(
            latents: latents, width: width, vectors: [.encoderBias, parametrization.name],
            seed: seed)
          if parametrization == .clamped {
            parameters[.threshold] = .rowVector(parameters[.threshold].array.map { max($0, 0) })
          }
          var configuration = JumpReLUConfiguration(
            coefficient: ThresholdGradientTests.one(0.7))
          configuration.sparsityLoss = loss
          configuration.estimator = estimator
          configuration.parametrization = parametrization
          configuration.bandwidth = 0.4
          configuration.subtractsDecoderBias = number % 2 == 0
          if number % 2 == 0 {
            configuration.auxiliaryLoss = AuxiliaryLoss(.rawScores, coefficient: 1)
          }
          configuration.preActivationLoss =
            number % 3 == 0 ? nil : .init(coefficient: 0.3, isForDeadLatents: number % 2 == 0)
          try expectAgreement(
            JumpReLUAutoencoder(parameters: parameters, configuration: configuration),
            batch(tokens: tokens, width: width, latents: latents, seed: seed + 1),
            "\(loss), \(estimator), \(parametrization)")
        }
      }
    }
  }
}
