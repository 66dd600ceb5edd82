import SAECore
import Testing

/// Numbers of the peers' own runs of the gated variant, annealed or not.
@Suite struct GatedParityTests {
  static let cases = EncoderFixture.all { $0.hasPrefix("gated") }

  static let names: [ParameterName] = [
    .encoder, .decoder, .decoderBias, .gateBias, .magnitudeBias, .magnitudeScale,
  ]

  private func configuration(
    _ fixture: EncoderFixture, isFirst: Bool
  ) throws -> GatedConfiguration {
    if fixture.variant == "gated with p-annealing" {
      let (annealing, form, coefficient) = try fixture.annealing(isFirst: isFirst)
      return try GatedConfiguration.pAnnealing(annealing, form: form, coefficient: coefficient)
    }
    let coefficient = try fixture.coefficient(isFirst: isFirst)
    if fixture.peer == "SAELens" {
      var configuration = GatedConfiguration.saeLens(coefficient: coefficient)
      configuration.subtractsDecoderBias = fixture.setting("apply_b_dec_to_input") != 0
      return configuration
    }
    try #require(fixture.peer == "dictionary_learning")
    return GatedConfiguration.dictionaryLearning(coefficient: coefficient)
  }

  private func run(_ fixture: EncoderFixture) throws -> ParityRun<GatedAutoencoder> {
    ParityRun(
      fixture: fixture, first: try configuration(fixture, isFirst: true),
      training: try configuration(fixture, isFirst: false), names: Self.names)
  }

  @Test(arguments: cases) func firstPass(_ fixture: EncoderFixture) throws {
    var losses = ["reconstruction": "mse_loss"]
    var scales: [String: Double] = [:]
    if fixture.peer == "SAELens" {
      losses["sparsity"] = "l1_loss"
      losses["auxiliary"] = "auxiliary_reconstruction_loss"
    } else {
      losses["sparsity"] = "sparsity_loss"
      losses["auxiliary"] = "aux_loss"
      // The annealed trainer reports it with its coefficient, the other without.
      scales["sparsity_loss"] = fixture.setting("l1_penalty") ?? 1
    }
    try run(fixture).checkFirstPass(losses: losses, scales: scales)
  }

  @Test(arguments: cases) func tenSteps(_ fixture: EncoderFixture) throws {
    try run(fixture).checkSteps { trainer, step, expected in
      guard let state = trainer.model.annealing else { return }
      try fixture.expectAnnealing(state, step, expected)
    }
  }
}
