import SAETestSupport
import Testing

@testable import SAECore

/// The cases of `fixtures/variants`, computed from formulas and not by a library: those of variants that
/// there are here, told by what a case calls its variant.
@Suite struct VariantCaseTests {
  /// What a case is held to.
  enum Check: Sendable {
    /// A first pass and ten steps.
    case topK, jumpReLU
    /// Latents and reconstruction: transcoders that are run and not trained.
    case thresholdTranscoder
    /// Nothing: there is no such variant here.
    case none

    init?(_ variant: String) {
      switch variant {
      case "TopK from published weights": self = .topK
      case "JumpReLU from published weights": self = .jumpReLU
      case "transcoder, ReLU", "transcoder, ReLU, skip", "transcoder, JumpReLU",
        "transcoder, JumpReLU, skip":
        self = .thresholdTranscoder
      default:
        let absent = [
          "crosscoder", "cross-layer transcoder", "transcoder, BatchTopK", "HierarchicalTopK",
          "LISTA",
          "relaxed archetypal", "temporal SAE", "encoder bias from data", "latent scaling",
          "leave-one-out", "ReLU, weights per dimension", "TopK, weights per dimension",
          "tied ReLU, weights per dimension",
        ]
        guard absent.contains(where: variant.hasPrefix) else { return nil }
        self = .none
      }
    }
  }

  static func cases() throws -> [EncoderFixture] {
    try Fixtures.folders(in: "variants", holding: "case.json").map { try EncoderFixture($0) }
  }

  /// Those that something is checked of.
  static func checked() throws -> [EncoderFixture] {
    let cases = try cases().filter { fixture in
      switch Check(fixture.variant) {
      case .none?, nil: false
      default: true
      }
    }
    guard !cases.isEmpty else { throw Fixtures.Missing(what: "variants that there are here") }
    return cases
  }

  /// A case of a variant that nobody has thought of is not passed over.
  @Test(arguments: try cases()) func everyCaseIsKnown(_ fixture: EncoderFixture) {
    #expect(Check(fixture.variant) != nil, "\(fixture.name): \(fixture.variant)")
  }

  @Test(arguments: try checked()) func parity(_ fixture: EncoderFixture) throws {
    switch try #require(Check(fixture.variant)) {
    case .topK: try checkTopK(fixture)
    case .jumpReLU: try checkJumpReLU(fixture)
    case .thresholdTranscoder: try checkThresholdTranscoder(fixture)
    case .none: Issue.record("\(fixture.variant) has no check")
    }
  }

  private func checkTopK(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    var configuration = TopKConfiguration.saeLens(k: Int(try #require(run.setting("k"))))
    configuration.auxiliaryLoss = nil
    configuration.rescalesByDecoderNorm = run.setting("rescale") == 1
    configuration.subtractsDecoderBias = run.setting("a") == 1
    let model = try TopKAutoencoder(
      parameters: fixture.parameters(fixture.file("params")), configuration: configuration)
    try run.checkFirstPass(
      model, losses: PeerRun.Losses(names: ["reconstruction": "reconstruction"]))
    try run.checkTenSteps(model)
  }

  private func checkJumpReLU(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    let coefficient = try #require(fixture.number("hyper_parameters.coefficients.l0.value"))
    var configuration = JumpReLUConfiguration.saeLens(
      .quadratic(target: try #require(run.setting("target_l0"))),
      coefficient: CoefficientSchedule(finalValue: coefficient))
    configuration.bandwidth = Float(try #require(run.setting("bandwidth")))
    configuration.preActivationLoss = nil
    configuration.subtractsDecoderBias = run.setting("a") == 1
    configuration.decoderConstraint = .unitRowsAfterStep
    let model = try JumpReLUAutoencoder(
      parameters: fixture.parameters(JumpReLUParityTests.names, fixture.file("params")),
      configuration: configuration)
    try run.checkFirstPass(
      model,
      losses: PeerRun.Losses(names: ["reconstruction": "reconstruction", "sparsity": "sparsity"]))
    try run.checkTenSteps(model)
  }

  private func checkThresholdTranscoder(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    let file = try fixture.file("params")
    let names: [ParameterName] = [.encoder, .encoderBias, .decoder, .decoderBias]
    var parameters = try fixture.parameters(
      names + (file.contains("threshold") ? [.threshold] : []), file)
    if file.contains("W_skip") {
      parameters = ParameterSet(
        names: parameters.names + [.skip],
        matrices: parameters.names.map { parameters[$0] } + [try file.tensor("W_skip").matrix()])
    }
    let model = try ThresholdTranscoder(parameters: parameters)
    let bound = try #require(fixture.number("tolerances.forward_f32"))
    let latents = try model.encode(run.activations)
    expectClose(
      latents.dense().array, try run.expected.tensor("latents").floats(), tolerance: bound,
      "latents")
    expectClose(
      try model.reconstruct(run.activations, from: latents).array,
      try run.expected.tensor("recon").floats(), tolerance: bound, "reconstruction")
  }
}
