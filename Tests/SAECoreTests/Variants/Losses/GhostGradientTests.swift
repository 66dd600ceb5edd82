import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Ghost gradients against central differences of their definition in double, scales and residual
/// held constant.
@Suite struct GhostGradientTests {
  @Test(arguments: [(1, 2, 3), (4, 5, 9), (7, 3, 6)])
  func centralDifferences(tokens: Int, width: Int, latents: Int) throws {
    for subtracts in [true, false] {
      let seed = UInt64(tokens * 100 + (subtracts ? 50 : 0))
      let parameters = ThresholdGradientTests.weights(
        latents: latents, width: width, vectors: [.encoderBias], seed: seed)
      let x = Matrix.random(tokens, width, seed: seed + 99)
      let plain = plainRows(x)
      let dead = Array(stride(from: 0, to: latents, by: 2))
      func hidden(_ p: PlainParameters) -> [[Double]] {
        p.products(plain, subtractsBias: subtracts).map {
          zip($0, p.vector(.encoderBias)).map { $0 + $1 }
        }
      }
      func ghosts(_ p: PlainParameters, _ decoder: [[Double]]) -> [[Double]] {
        hidden(p).map { h in
          (0..<width).map { d in dead.reduce(0.0) { $0 + exp(h[$1]) * decoder[$1][d] } }
        }
      }
      func norm(_ row: [Double]) -> Double { row.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      func difference(_ a: [Double], _ b: [Double], scale: Double = 1) -> [Double] {
        zip(a, b).map { scale * $0 - $1 }
      }
      // What counts as constant.
      let start = PlainParameters(parameters)
      let residuals = start.errors(hidden(start).map { $0.map { max($0, 0) } }, plain).map {
        $0.map { -$0 }
      }
      let startGhosts = ghosts(start, plainRows(parameters[.decoder]))
      let scales = zip(residuals, startGhosts).map { norm($0) / (2 * norm($1)) }
      func size(_ p: PlainParameters, _ decoder: [[Double]]) -> Double {
        zip(zip(ghosts(p, decoder), residuals), scales).reduce(0) {
          let n = norm(difference($1.0.0, $1.0.1, scale: $1.1))
          return $0 + n * n
        }
      }
      let residualSize = residuals.reduce(0) { $0 + norm($1) * norm($1) }
      let factor =
        0.6 * residualSize / size(start, plainRows(parameters[.decoder])) / Double(tokens)

      let auxiliary = AuxiliaryLoss(.ghost, coefficient: 0.6)
      let inputs =
        subtracts ? x.subtractingFromRows(parameters[.decoderBias].array) : x
      var gradients = parameters.zeros()
      var biases = [Float](repeating: 0, count: latents)
      let value = auxiliary.addGradients(
        dead: dead,
        scores: LatentScores(
          activations: inputs, encoder: parameters[.encoder],
          bias: parameters[.encoderBias].array), decoder: parameters[.decoder],
        error: Matrix(
          rows: tokens, columns: width, values: residuals.joined().map { Float(-$0) }),
        target: x, into: &gradients, encoderBias: &biases)
      gradients[.encoderBias] = .rowVector(biases)
      if subtracts {
        gradients[.decoderBias] = .rowVector(
          parameters[.encoder].weightedRowSum(biases).map { -$0 })
      }
      let expected = factor * size(start, plainRows(parameters[.decoder]))
      #expect(abs(value - expected) <= 1e-5 * expected)
      #expect(abs(value - 0.6 * residualSize / Double(tokens)) <= 1e-5 * expected)
      expectCentralDifferences(gradients, at: parameters) { p in
        factor * size(p, p[.decoder])
      }
    }
  }

  @Test func joinsTheStepOfAReLUAutoencoder() throws {
    let parameters = ThresholdGradientTests.weights(
      latents: 12, width: 5, vectors: [.encoderBias], seed: 3)
    var inactive = parameters
    for latent in [1, 4, 6] { inactive[.encoderBias][0, latent] = -30 }
    let batch = TrainingBatch(
      activations: Matrix.random(9, 5, seed: 8),
      deadLatents: DeadLatents(
        sinceFiring: (0..<12).map { [1, 4, 6].contains($0) ? 90 : 0 },
        rule: .tokensIncludingBatch(50)))
    func pass(_ form: AuxiliaryLoss?, isDense: Bool) throws -> (TrainingPass, ParameterSet) {
      try ForcedDensity.$isDense.withValue(isDense) {
        var configuration = ReLUConfiguration(coefficient: .one)
        configuration.auxiliaryLoss = form
        var model = try ReLUAutoencoder(parameters: inactive, configuration: configuration)
        var gradients = inactive.zeros()
        let pass = try model.computeGradients(of: batch, into: &gradients)
        return (pass, gradients)
      }
    }
    for isDense in [false, true] {
      let (without, plain) = try pass(nil, isDense: isDense)
      let (with, ghosts) = try pass(AuxiliaryLoss(.ghost, coefficient: 1), isDense: isDense)
      #expect(without.deadCount == 0 && with.deadCount == 3)
      #expect(with.losses.last?.name == "auxiliary")
      // The term has the size of the squared error per token.
      let size = with.totalSquaredError / 9
      #expect(abs((with.losses.last?.value ?? 0) - size) <= 1e-5 * size)
      for latent in 0..<12 {
        let isChanged = [1, 4, 6].contains(latent)
        #expect((ghosts[.decoder].row(latent)[0] != plain[.decoder].row(latent)[0]) == isChanged)
      }
    }
  }
}
