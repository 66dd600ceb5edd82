import Foundation
import SAECore
import SAETestSupport
import Testing

@Suite struct MixtureTests {
  static func model(
    _ seed: UInt64, _ configuration: MixtureConfiguration, latents: Int = 12, width: Int = 5
  ) throws -> MixtureAutoencoder {
    var names: [(ParameterName, Matrix)] = [
      (.encoder, Matrix.random(latents, width, seed: seed)),
      (.decoder, Matrix.random(latents, width, seed: seed + 1)),
      (.decoderBias, Matrix.random(1, width, seed: seed + 2)),
      (.router, Matrix.random(configuration.experts, width, seed: seed + 3)),
      (.routerBias, Matrix.random(1, width, seed: seed + 4)),
    ]
    if configuration.scalesFeatures {
      let scales = Matrix.random(1, configuration.experts, seed: seed + 5).array.map { abs($0) }
      names.append((.featureScale, Matrix(rows: 1, columns: scales.count, values: scales)))
    }
    return try MixtureAutoencoder(
      parameters: ParameterSet(names: names.map(\.0), matrices: names.map(\.1)),
      configuration: configuration)
  }

  /// Latents and loss from the definition, in double.
  private static func plain(
    _ p: DoubleParameters, _ x: Matrix, _ configuration: MixtureConfiguration, latents: Int
  ) -> (latents: [[Double]], loss: Double) {
    let size = latents / configuration.experts
    let width = x.columns
    var loss = 0.0
    var all: [[Double]] = []
    var (shares, means) = (
      [Double](repeating: 0, count: configuration.experts),
      [Double](repeating: 0, count: configuration.experts)
    )
    for token in x.doubleRows {
      let routed = zip(token, p.row(.routerBias)).map { $0 - $1 }
      let powers = (0..<configuration.experts).map { exp(dot(routed, p.row(.router, $0))) }
      let probabilities = powers.map { $0 / powers.reduce(0, +) }
      let chosen = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
        .prefix(configuration.activeExperts)
      let input = zip(token, p.row(.decoderBias)).map { $0 - $1 }
      var f = [Double](repeating: 0, count: latents)
      for expert in chosen {
        shares[expert] += 1 / Double(x.rows * configuration.activeExperts)
        let rows = (expert * size..<(expert + 1) * size).map { Array(p.row(.encoder, $0)) }
        let mean = (0..<width).map { c in rows.reduce(0) { $0 + $1[c] } / Double(size) }
        let scale =
          configuration.scalesFeatures ? 1 + Array(p.row(.featureScale))[expert] : 1
        for (index, row) in rows.enumerated() {
          let moved = zip(row, mean).map { $1 + scale * ($0 - $1) }
          f[expert * size + index] = probabilities[expert] * max(0, dot(moved, input))
        }
      }
      for expert in probabilities.indices {
        means[expert] += probabilities[expert] / Double(x.rows)
      }
      let kept = Set(f.indices.sorted { f[$0] > f[$1] }.prefix(configuration.k))
      f = f.enumerated().map { kept.contains($0.offset) ? $0.element : 0 }
      var error = zip(p.row(.decoderBias), token).map { $0 - $1 }
      for (latent, value) in f.enumerated() where value != 0 {
        for (column, weight) in p.row(.decoder, latent).enumerated() {
          error[column] += value * weight
        }
      }
      loss += dot(error, error) / Double(x.rows)
      all.append(f)
    }
    let balance = Double(configuration.experts * width) * dot(shares, means)
    return (all, loss + configuration.balanceCoefficient * balance)
  }

  private static let configurations = [
    MixtureConfiguration.switching(k: 2, experts: 3),
    MixtureConfiguration.scaling(k: 4, experts: 4, activeExperts: 2),
  ]

  @Test(arguments: UInt64(0)..<6) func latentsLossAndGradients(_ seed: UInt64) throws {
    for configuration in Self.configurations {
      let model = try Self.model(seed, configuration)
      let x = Matrix.random(7, 5, seed: seed + 30)
      let parameters = model.parameters
      let expected = Self.plain(DoubleParameters(parameters), x, configuration, latents: 12)
      expectClose(
        try model.encode(x).dense().array, expected.latents.flatMap { $0.map { Float($0) } },
        tolerance: 1e-5, "latents")
      var gradients = parameters.zeros()
      let pass = try model.computeGradients(
        of: TrainingBatch(
          activations: x, deadLatents: DeadLatents(latentCount: 12, rule: .never)),
        into: &gradients)
      #expect(abs(pass.totalLoss - expected.loss) <= 1e-5 * expected.loss)
      // The share of tokens that experts see is piecewise constant, so differences leave it out.
      expectGradients(gradients, of: parameters, "mixture") {
        Self.plain($0, x, configuration, latents: 12).loss
      }
    }
  }

  @Test func bitsDoNotDependOnThreads() throws {
    let configuration = MixtureConfiguration.scaling(k: 6, experts: 8, activeExperts: 3)
    let x = Matrix.random(150, 12, seed: 3)
    func gradients() throws -> ParameterSet {
      let model = try Self.model(2, configuration, latents: 160, width: 12)
      var gradients = model.parameters.zeros()
      _ = try model.computeGradients(
        of: TrainingBatch(
          activations: x, deadLatents: DeadLatents(latentCount: 160, rule: .never)),
        into: &gradients)
      return gradients
    }
    let reference = try Threads.withCount(1, gradients)
    for threads in [2, 3, 7] { #expect(try Threads.withCount(threads, gradients) == reference) }
  }

  @Test func trainingBalancesExpertsAndKeepsScalesPositive() throws {
    var configuration = MixtureConfiguration.scaling(k: 3, experts: 4, activeExperts: 2)
    configuration.balanceCoefficient = 0.2
    let x = Matrix.random(64, 8, seed: 5)
    var trainer = Trainer(
      try Self.model(8, configuration, latents: 32, width: 8), schedule: try .constant(0.01),
      deadLatents: DeadLatents(latentCount: 32, rule: .never))
    let first = try trainer.train(on: x)
    var last = first
    for _ in 0..<80 { last = try trainer.train(on: x) }
    #expect(last.loss < 0.9 * first.loss)
    #expect(trainer.model.parameters[.featureScale].array.allSatisfy { $0 >= 0 })
  }

  @Test func settingsMustFit() {
    #expect(throws: ShapeError.self) {
      try Self.model(0, MixtureConfiguration.switching(k: 2, experts: 5))
    }
    #expect(throws: ShapeError.self) {
      try Self.model(0, MixtureConfiguration.scaling(k: 2, experts: 3, activeExperts: 4))
    }
  }
}
