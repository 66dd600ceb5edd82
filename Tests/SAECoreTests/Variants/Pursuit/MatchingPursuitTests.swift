import SAETestSupport
import Testing

@testable import SAECore

@Suite struct MatchingPursuitTests {
  static func configuration(_ run: PeerRun) -> MatchingPursuitConfiguration {
    var configuration = MatchingPursuitConfiguration(
      maxIterations: run.setting("max_iterations").map { Int($0) })
    configuration.residualThreshold = run.setting("residual_threshold") ?? 0.01
    configuration.subtractsDecoderBias = run.setting("apply_b_dec_to_input") != 0
    return configuration
  }

  @Test(arguments: try EncoderFixture.all(of: .matchingPursuit))
  func parity(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    let file = try fixture.file("params")
    let empty: ParameterSet = [
      .decoder: try file.tensor("W_dec").matrix(),
      .decoderBias: Matrix(rows: 1, columns: 0),
    ]
    let model = try MatchingPursuitAutoencoder(
      parameters: fixture.parameters(file, like: empty), configuration: Self.configuration(run))
    try run.checkFirstPass(model, losses: .selecting(run))
    try run.checkTenSteps(model)
  }

  /// The loss from the definition, in double.
  private func loss(
    _ p: DoubleParameters, _ x: Matrix, _ y: Matrix, latents: Int,
    _ configuration: MatchingPursuitConfiguration
  ) -> Double {
    var loss = 0.0
    for (token, target) in zip(x.doubleRows, y.doubleRows) {
      let bias = Array(p.row(.decoderBias))
      let centers = configuration.subtractsDecoderBias
      var residual = centers ? zip(token, bias).map { $0 - $1 } : token
      var support = Set<Int>()
      for _ in 0..<(configuration.maxIterations ?? x.columns) {
        let products = (0..<latents).map { dot(residual, p.row(.decoder, $0)) }
        let best = products.indices.max { products[$0] < products[$1] } ?? 0
        guard products[best] > 0 else { break }
        for (column, weight) in p.row(.decoder, best).enumerated() {
          residual[column] -= products[best] * weight
        }
        let isNew = support.insert(best).inserted
        if configuration.stopsOnDuplicates && !isNew { break }
        if dot(residual, residual).squareRoot() < configuration.residualThreshold { break }
      }
      // x̂ = x − residual
      let error = token.indices.map { token[$0] - residual[$0] - target[$0] }
      loss += dot(error, error) / Double(x.rows)
    }
    return loss
  }

  @Test(arguments: UInt64(0)..<6) func gradients(_ seed: UInt64) throws {
    let (tokens, width, latents) = (4, 4 + Int(seed % 3), 9)
    let x = Matrix.random(tokens, width, seed: seed)
    let y = seed % 2 == 0 ? x : Matrix.random(tokens, width, seed: seed + 1)
    var decoder = Matrix.random(latents, width, seed: seed + 2)
    decoder.scaleRows(by: decoder.rowNorms().map { 0.9 / $0 })
    let parameters: ParameterSet = [
      .decoder: decoder, .decoderBias: Matrix.random(1, width, seed: seed + 3),
    ]
    var configuration = MatchingPursuitConfiguration(maxIterations: 5)
    configuration.residualThreshold = 0.5
    configuration.stopsOnDuplicates = seed % 2 == 0
    configuration.subtractsDecoderBias = seed % 3 != 0
    let model = try MatchingPursuitAutoencoder(
      parameters: parameters, configuration: configuration)
    var gradients = parameters.zeros()
    let pass = try model.computeGradients(
      of: TrainingBatch(
        activations: x, target: y, deadLatents: DeadLatents(latentCount: latents, rule: .never)),
      into: &gradients)
    let expected = loss(DoubleParameters(parameters), x, y, latents: latents, configuration)
    #expect(abs(pass.totalLoss - expected) <= 1e-5 * expected)
    expectGradients(gradients, of: parameters, "matching pursuit") {
      loss($0, x, y, latents: latents, configuration)
    }
  }

  @Test func foldedScaleReconstructsActivationsAsTheyAre() throws {
    let scale = 3.5
    let x = Matrix.random(6, 5, seed: 1)
    var scaled = x
    scaled.scale(by: Float(scale))
    var configuration = MatchingPursuitConfiguration(maxIterations: 4)
    configuration.residualThreshold = 1
    var decoder = Matrix.random(12, 5, seed: 2)
    decoder.normalizeRows(normGuard: 0)
    let model = try MatchingPursuitAutoencoder(
      parameters: [.decoder: decoder, .decoderBias: Matrix.random(1, 5, seed: 3)],
      configuration: configuration)
    var expected = try model.reconstruct(scaled)
    expected.scale(by: Float(1 / scale))
    expectClose(
      try model.foldingScale(scale).reconstruct(x).array, expected.array, tolerance: 1e-5,
      "reconstruction")
  }
}
