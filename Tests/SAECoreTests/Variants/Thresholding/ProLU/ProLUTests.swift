import Foundation
import SAETestSupport
import Testing

@testable import SAECore

@Suite struct ProLUTests {
  static let estimators: [ProLUConfiguration.Estimator] = [.reLU, .straightThrough]

  static func model(
    latents: Int, width: Int, seed: UInt64,
    change: (inout ProLUConfiguration) -> Void = { _ in }
  ) throws -> ProLUAutoencoder {
    var configuration = ProLUConfiguration(coefficient: CoefficientSchedule(finalValue: 0.7))
    change(&configuration)
    return try ProLUAutoencoder(
      parameters: ThresholdGradientTests.weights(
        latents: latents, width: width, vectors: [.gatingBias], seed: seed),
      configuration: configuration)
  }

  private static func gradients(
    _ model: ProLUAutoencoder, of x: Matrix
  ) throws -> (pass: TrainingPass, gradients: ParameterSet) {
    var (model, gradients) = (model, model.parameters.zeros())
    let pass = try model.computeGradients(
      of: TrainingBatch(
        activations: x, deadLatents: DeadLatents(latentCount: model.latentCount, rule: .never)),
      into: &gradients)
    return (pass, gradients)
  }

  /// One dimension, where a latent's pre-activation is the activation: of the biases, −1 asks for more
  /// than 1, and 1 for no more than 0 does.
  @Test func byHand() throws {
    let ones = Matrix(rows: 2, columns: 1, repeating: 1)
    let zero = Matrix(rows: 1, columns: 1)
    var configuration = ProLUConfiguration(coefficient: CoefficientSchedule(finalValue: 0))
    func model() throws -> ProLUAutoencoder {
      try ProLUAutoencoder(
        parameters: [
          .encoder: ones, .decoder: ones, .decoderBias: zero,
          .gatingBias: Matrix(rows: 1, columns: 2, values: [-1, 1]),
        ], configuration: configuration)
    }
    let x = Matrix(rows: 4, columns: 1, values: [-0.5, 0.5, 1, 2])
    let latents = try model().encode(x)
    #expect(latents.dense().array == [0, 0, 0, 0.5, 0, 1, 2, 2])
    #expect(try model().reconstruct(x, from: latents).array == [0, 0.5, 1, 4])
    // x̂ − x is (0.5, 0, 0, 2), so that G_z is 2 · 2 / 4 = 1 at both latents of the last token, and 0 at
    // all others that are active.
    #expect(try Self.gradients(model(), of: x).gradients[.gatingBias].array == [1, 1])
    configuration.estimator = .straightThrough
    let (_, gradients) = try Self.gradients(model(), of: x)
    #expect(gradients[.gatingBias].array == [2, 2])
    // (G + h G) x
    #expect(gradients[.encoder].array == [6, 6])
  }

  /// The weights of the encoder and the decoder, whose gradients are the loss's own where the gates stay as
  /// they are; with the straight-through estimator those of the decoder.
  @Test(arguments: ThresholdGradientTests.shapes.indices, estimators)
  func gradientsAreTheLosss(
    _ index: Int, _ estimator: ProLUConfiguration.Estimator
  ) throws {
    let shape = ThresholdGradientTests.shapes[index]
    for (round, penalty) in ThresholdGradientTests.penalties.enumerated() {
      let subtracts = round % 2 == 0
      let model = try Self.model(
        latents: shape.latents, width: shape.width, seed: UInt64(3000 * index + 10 * round)
      ) {
        $0.penalty = penalty
        $0.estimator = estimator
        $0.subtractsDecoderBias = subtracts
      }
      let x = Matrix.random(shape.tokens, shape.width, seed: UInt64(index + 99))
      let plain = plainRows(x)
      func latents(_ p: PlainParameters) -> [[Double]] {
        p.products(plain, subtractsBias: subtracts).map {
          zip($0, p.vector(.gatingBias)).map { h, b in h > 0 && h + b > 0 ? h : 0 }
        }
      }
      func loss(_ p: PlainParameters) -> Double {
        let z = latents(p)
        return plainMeanSquare(p.errors(z, plain))
          + 0.7 * ThresholdGradientTests.plainPenalty(penalty, z, p.norms)
      }
      let (pass, gradients) = try Self.gradients(model, of: x)
      let total = loss(PlainParameters(model.parameters))
      #expect(abs(pass.totalLoss - total) <= 1e-5 * total)
      expectCentralDifferences(
        gradients, at: model.parameters,
        only: estimator == .reLU ? [.encoder, .decoder, .decoderBias] : [.decoder], loss)
    }
  }

  /// With the gradients of ReLU, b's is the sum of those of h: what reaches b_dec through the centering is
  /// W_encᵀ times it.
  @Test func theBiasHasTheGradientOfOneThatIsAdded() throws {
    let model = try Self.model(latents: 20, width: 6, seed: 5)
    let x = Matrix.random(30, 6, seed: 6)
    let (pass, gradients) = try Self.gradients(model, of: x)
    let latents = try model.encode(x)
    #expect(latents.entryCount > 0)
    #expect(LatentActivity(latents) == pass.activity)
    let through = model.parameters[.encoder].weightedRowSum(gradients[.gatingBias].array)
    let error = try model.reconstruct(x, from: latents).array
    let expected = (0..<6).map { column in
      (0..<30).reduce(-through[column]) { $0 + 2 / 30 * (error[$1 * 6 + column] - x[$1, column]) }
    }
    expectClose(gradients[.decoderBias].array, expected, tolerance: 2e-5, "b_dec")
  }

  @Test(arguments: estimators)
  func denseAndSparseStepsAgree(_ estimator: ProLUConfiguration.Estimator) throws {
    for (tokens, width, latents) in [(1, 1, 1), (33, 7, 40), (4096 * 8, 2, 130)] {
      for penalty in ThresholdGradientTests.penalties.prefix(tokens > 100 ? 1 : 6) {
        let model = try Self.model(latents: latents, width: width, seed: 7) {
          $0.penalty = penalty
          $0.estimator = estimator
        }
        try DenseStepTests().expectAgreement(
          model,
          DenseStepTests().batch(tokens: tokens, width: width, latents: latents, seed: 8),
          "\(estimator)")
      }
    }
  }

  /// Files are those of the JumpReLU autoencoder that it is.
  @Test func filesAreAJumpReLUs() throws {
    let scratch = try ScratchFolder()
    let model = try Self.model(latents: 30, width: 6, seed: 9)
    try model.save(to: scratch.file("sae"))
    let x = Matrix.random(50, 6, seed: 10)
    let latents = try model.encode(x)
    let opened = try SAE.load(scratch.file("sae"))
    #expect(opened is JumpReLUAutoencoder)
    #expect(try opened.encode(x) == latents)
    let again = try ProLUAutoencoder.load(scratch.file("sae"))
    #expect(try again.encode(x) == latents)
    #expect(again.archive() == model.archive())
    // One that was trained as such has a bias that counts.
    var archive = model.archive()
    archive.parameters["b_enc"]?.values[0, 3] = 0.5
    #expect(throws: FileError.self) { try ProLUAutoencoder(archive) }
    archive = try JumpReLUAutoencoder(model.archive()).archive()
    #expect(throws: FileError.self) { try ProLUAutoencoder(archive) }
  }

  /// A center goes into b_dec alone: b does not move activations.
  @Test func aCenterNeedsTheDecoderBias() throws {
    let center = (0..<6).map { Double($0) }
    let x = Matrix.random(50, 6, seed: 12)
    var shifted = x
    shifted.addToRows(center.map { Float($0) })
    let model = try Self.model(latents: 30, width: 6, seed: 11)
    expectClose(
      try model.foldingCenter(center).encode(shifted).dense().array,
      try model.encode(x).dense().array, tolerance: 1e-5, "latents")
    let still = try Self.model(latents: 30, width: 6, seed: 11) { $0.subtractsDecoderBias = false }
    #expect(throws: OptionError.self) { try still.foldingCenter(center) }
  }
}
