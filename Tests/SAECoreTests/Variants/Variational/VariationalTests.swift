import Foundation
import SAETestSupport
import Testing

@testable import SAECore

@Suite struct VariationalTests {
  private let tokens = 6
  private let width = 4
  private let latents = 9

  private func model(
    _ seed: UInt64, _ configuration: VariationalConfiguration
  ) throws -> VariationalAutoencoder {
    let weights: ParameterSet = [
      .encoder: Matrix.random(latents, width, seed: seed),
      .encoderBias: Matrix.random(1, latents, seed: seed + 1),
      .decoder: Matrix.random(latents, width, seed: seed + 2),
      .decoderBias: Matrix.random(1, width, seed: seed + 3),
    ]
    var parameters = configuration.initialParameters(weights, batch: weights[.encoder])
    if configuration.learnsVariance {
      parameters[.variance] = Matrix.random(latents, width, seed: seed + 4)
      parameters[.varianceBias] = Matrix.random(1, latents, seed: seed + 5)
    }
    return try VariationalAutoencoder(parameters: parameters, configuration: configuration)
  }

  /// The loss from the definition, in double, with the noise of a step.
  private func loss(
    _ p: DoubleParameters, _ x: Matrix, _ noise: Matrix, _ configuration: VariationalConfiguration
  ) -> Double {
    var loss = 0.0
    for (token, epsilon) in zip(x.doubleRows, noise.doubleRows) {
      let input = zip(token, p.row(.decoderBias)).map { $0 - $1 }
      var divergence = 0.0
      var sample = (0..<latents).map { latent in
        let h = dot(p.row(.encoder, latent), input) + Array(p.row(.encoderBias))[latent]
        let mean = configuration.isRectified ? max(h, 0) : h
        var logarithm = 0.0
        if configuration.learnsVariance {
          logarithm =
            dot(p.row(.variance, latent), input) + Array(p.row(.varianceBias))[latent]
        }
        divergence += (exp(logarithm) + mean * mean - 1 - logarithm) / 2
        return mean + exp(logarithm / 2) * epsilon[latent]
      }
      if let k = configuration.k {
        let kept = Set(sample.indices.sorted { sample[$0] > sample[$1] }.prefix(k))
        sample = sample.enumerated().map { kept.contains($0.offset) ? $0.element : 0 }
      }
      var error = zip(p.row(.decoderBias), token).map { $0 - $1 }
      for (latent, value) in sample.enumerated() {
        for (column, weight) in p.row(.decoder, latent).enumerated() {
          error[column] += value * weight
        }
      }
      loss += dot(error, error) + configuration.divergence.finalValue * divergence
    }
    return loss / Double(tokens)
  }

  @Test(arguments: UInt64(0)..<8) func gradients(_ seed: UInt64) throws {
    var configuration = VariationalConfiguration(
      k: seed % 2 == 0 ? nil : 3, divergence: CoefficientSchedule(finalValue: 0.3))
    configuration.learnsVariance = seed % 4 < 2
    configuration.isRectified = seed < 4
    configuration.seed = 17
    let model = try model(seed, configuration)
    let parameters = model.parameters
    let x = Matrix.random(tokens, width, seed: seed + 40)
    let step = 5
    var generator = RandomGenerator(seed: 17 + UInt64(step))
    let noise = Matrix.random(rows: tokens, columns: latents, using: &generator) {
      row, generator in
      for index in row.indices { row[index] = Float(generator.gaussian()) }
    }
    var gradients = parameters.zeros()
    let pass = try model.computeGradients(
      of: TrainingBatch(
        activations: x, deadLatents: DeadLatents(latentCount: latents, rule: .never), step: step),
      into: &gradients)
    let expected = loss(DoubleParameters(parameters), x, noise, configuration)
    #expect(abs(pass.totalLoss - expected) <= 1e-5 * expected)
    expectGradients(gradients, of: parameters, "variational") {
      loss($0, x, noise, configuration)
    }
  }

  @Test func encodesMeansWithoutNoise() throws {
    let divergence = CoefficientSchedule(finalValue: 1)
    let x = Matrix.random(tokens, width, seed: 9)
    let all = try model(1, VariationalConfiguration(divergence: divergence)).encode(x)
    let some = try model(1, VariationalConfiguration(k: 2, divergence: divergence)).encode(x)
    #expect(all.values.allSatisfy { $0 > 0 })
    #expect(some == all.keepingLargest(2))
  }
}
