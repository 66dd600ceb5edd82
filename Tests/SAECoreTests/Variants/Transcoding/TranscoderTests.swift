import SAECore
import SAETestSupport
import Testing

@Suite struct TranscoderTests {
  @Test(arguments: try EncoderFixture.all(of: .skipTranscoder))
  func parity(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    let configuration = TranscoderConfiguration.sparsify(
      k: Int(try #require(run.setting("k"))),
      hasSkipConnection: run.setting("skip_connection") == 1)
    let file = try fixture.file("params")
    let plain = try fixture.parameters(file)
    let parameters: ParameterSet = [
      .encoder: plain[.encoder], .encoderBias: plain[.encoderBias], .decoder: plain[.decoder],
      .decoderBias: plain[.decoderBias], .skip: try file.tensor("W_skip").matrix(),
    ]
    let model = try Transcoder(parameters: parameters, configuration: configuration)
    try run.checkFirstPass(
      model, losses: .selecting(run), reconstruct: { _ in try model.reconstruct(run.activations) })
    try run.checkTenSteps(model)
  }

  @Test func beginsAtTheMeanOfTheOutputs() throws {
    var generator = RandomGenerator(seed: 1)
    let (x, y) = (Matrix.random(30, 5, seed: 2), Matrix.random(30, 4, seed: 3))
    let configuration = TranscoderConfiguration(k: 2, hasSkipConnection: true)
    let parameters = try configuration.initialParameters(
      inputs: x, outputs: y, latentCount: 12, using: &generator)
    let model = try Transcoder(parameters: parameters, configuration: configuration)
    let mean = y.columnSums().map { Float($0 / 30) }
    let output = try model.reconstruct(x)
    for token in 0..<30 {
      expectClose((0..<4).map { output[token, $0] }, mean, tolerance: 1e-6, "output")
    }
    // The mean of the inputs has pre-activations of 0.
    let centre = Matrix(rows: 1, columns: 5, values: x.columnSums().map { Float($0 / 30) })
    let values = try model.encode(centre).values
    #expect(values.allSatisfy { $0 < 1e-6 })
  }

  @Test func parametersMustFit() throws {
    let plain: ParameterSet = [
      .encoder: Matrix.random(6, 4, seed: 1), .encoderBias: Matrix(rows: 1, columns: 6),
      .decoder: Matrix.random(6, 3, seed: 2), .decoderBias: Matrix(rows: 1, columns: 3),
    ]
    #expect(throws: ShapeError("W_skip", "matrices", expected: 1, found: 0)) {
      try Transcoder(
        parameters: plain, configuration: TranscoderConfiguration(k: 2, hasSkipConnection: true))
    }
    #expect(throws: ShapeError.self) {
      try Transcoder(parameters: plain, configuration: TranscoderConfiguration(k: 7))
    }
    let model = try Transcoder(parameters: plain, configuration: TranscoderConfiguration(k: 2))
    #expect(throws: ShapeError("activations", "columns", expected: 4, found: 3)) {
      try model.encode(Matrix(rows: 1, columns: 3))
    }
  }
}
