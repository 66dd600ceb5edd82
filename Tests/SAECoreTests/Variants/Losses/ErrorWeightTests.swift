import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Each token's error counts its weight, in the loss and in every gradient.
@Suite struct ErrorWeightTests {
  static let weights: [Float] = [0.5, 3, 0, 1, 7.25, 0.125, 2]

  private func batch(_ x: Matrix, _ weights: [Float]?, latents: Int) -> TrainingBatch {
    TrainingBatch(
      activations: x, errorWeights: weights,
      deadLatents: DeadLatents(latentCount: latents, rule: .never))
  }

  /// (1/tokens) Σ w ‖error‖²
  private func weightedMeanSquare(_ errors: [[Double]]) -> Double {
    plainMeanSquare(
      zip(Self.weights, errors).map { w, row in row.map { Double(w).squareRoot() * $0 } })
  }

  /// Central differences of a loss in double along random directions; a selection that changes within a
  /// step is a kink.
  @Test(arguments: [true, false]) func topKGradientIsThatOfTheLoss(_ rescales: Bool) throws {
    var configuration = TopKConfiguration(k: 4)
    configuration.auxiliaryLoss = nil
    configuration.rescalesByDecoderNorm = rescales
    let x = Matrix.random(7, 6, seed: 1)
    let parameters = Self.selecting(20, 6)
    let model = try TopKAutoencoder(parameters: parameters, configuration: configuration)
    var gradients = parameters.zeros()
    let pass = try model.computeGradients(
      of: batch(x, Self.weights, latents: 20), into: &gradients)
    let reference = DoubleTopK(configuration: configuration, activations: x, dead: [])
    func loss(_ p: DoubleTopK.Values) -> Double { weightedMeanSquare(reference.residual(p)) }
    let start = DoubleTopK.values(parameters)
    #expect(abs(pass.totalLoss - loss(start)) <= 1e-5 * loss(start))
    let total = reference.residual(start).reduce(0) { $0 + plainDot($1, $1) }
    #expect(abs(pass.totalSquaredError - total) <= 1e-5 * total)
    var compared = 0
    for trial in 0..<8 {
      let direction = DoubleTopK.values(
        ParameterSet.random(like: parameters, seed: 50 + UInt64(trial)))
      let step = 1e-6
      let (above, below) = (
        DoubleTopK.moved(start, direction, step), DoubleTopK.moved(start, direction, -step)
      )
      guard reference.support(above) == reference.support(below) else { continue }
      compared += 1
      let difference = (loss(above) - loss(below)) / (2 * step)
      var (along, magnitude) = (0.0, 0.0)
      for (name, values) in direction {
        for (a, b) in zip(values, gradients[name].array) {
          along += a * Double(b)
          magnitude += abs(a * Double(b))
        }
      }
      #expect(abs(along - difference) <= 2e-5 * magnitude)
    }
    #expect(compared > 0)
  }

  @Test(arguments: [true, false]) func thresholdGradientsAreThoseOfTheLoss(isDense: Bool) throws {
    let x = Matrix.random(7, 5, seed: 2)
    let plain = plainRows(x)
    func check<Model: TrainableAutoencoder>(
      _ model: Model, only names: [ParameterName]? = nil, _ loss: (PlainParameters) -> Double
    ) throws {
      try ForcedDensity.$isDense.withValue(isDense) {
        var model = model
        var gradients = model.parameters.zeros()
        let pass = try model.computeGradients(
          of: batch(x, Self.weights, latents: model.latentCount), into: &gradients)
        #expect((pass.latents == nil) == isDense)
        let value = loss(PlainParameters(model.parameters))
        #expect(abs(pass.totalLoss - value) <= 1e-5 * value)
        expectCentralDifferences(gradients, at: model.parameters, only: names, loss)
      }
    }
    func hidden(_ p: PlainParameters, _ bias: ParameterName) -> [[Double]] {
      p.products(plain, subtractsBias: true).map { zip($0, p.vector(bias)).map { $0 + $1 } }
    }
    let coefficient = CoefficientSchedule(finalValue: 0.7)
    let norms = ActivationPenalty.plainL1

    var reLU = ReLUConfiguration(coefficient: coefficient)
    reLU.penalty = norms
    try check(ReLUAutoencoder(parameters: Self.threshold(11, [.encoderBias]), configuration: reLU))
    { p in
      let z = hidden(p, .encoderBias).map { $0.map { max($0, 0) } }
      return weightedMeanSquare(p.errors(z, plain))
        + 0.7 * ThresholdGradientTests.plainPenalty(norms, z, p.norms)
    }

    var gated = GatedConfiguration(coefficient: coefficient)
    gated.penalty = norms
    gated.auxiliaryTrainsDecoder = true
    try check(
      GatedAutoencoder(
        parameters: Self.threshold(12, [.gateBias, .magnitudeBias, .magnitudeScale]),
        configuration: gated)
    ) { p in
      let a = hidden(p, .gateBias).map { $0.map { max($0, 0) } }
      let products = p.products(plain, subtractsBias: true)
      let z = zip(a, products).map { a, row in
        row.indices.map { index in
          a[index] > 0
            ? max(
              row[index] * exp(p.vector(.magnitudeScale)[index]) + p.vector(.magnitudeBias)[index],
              0) : 0
        }
      }
      return weightedMeanSquare(p.errors(z, plain)) + weightedMeanSquare(p.errors(a, plain))
        + 0.7 * ThresholdGradientTests.plainPenalty(norms, a, p.norms)
    }

    // No pre-activation lies in a window, where gradients would be estimates.
    var jump = JumpReLUConfiguration(coefficient: CoefficientSchedule(finalValue: 0))
    jump.sparsityLoss = .step
    jump.bandwidth = 1e-4
    jump.preActivationLoss = nil
    var parameters = Self.threshold(13, [.encoderBias, .threshold])
    parameters[.threshold] = .rowVector(parameters[.threshold].array.map { abs($0) })
    let thresholds = PlainParameters(parameters).vector(.threshold)
    try check(
      JumpReLUAutoencoder(parameters: parameters, configuration: jump),
      only: [.encoder, .encoderBias, .decoder, .decoderBias]
    ) { p in
      let z = hidden(p, .encoderBias).map { zip($0, thresholds).map { $0 > $1 ? max($0, 0) : 0 } }
      return weightedMeanSquare(p.errors(z, plain))
    }
  }

  static func selecting(_ latents: Int, _ width: Int) -> ParameterSet {
    [
      .encoder: .random(latents, width, seed: 31), .encoderBias: .random(1, latents, seed: 32),
      .decoder: .random(latents, width, seed: 33), .decoderBias: .random(1, width, seed: 34),
    ]
  }

  static func threshold(_ seed: UInt64, _ vectors: [ParameterName]) -> ParameterSet {
    ThresholdGradientTests.weights(latents: 9, width: 5, vectors: vectors, seed: seed)
  }
}
