import Testing

@testable import SAECore

/// Numbers of the peers' own runs of the gated variant, annealed or not.
@Suite struct GatedParityTests {
  static let names: [ParameterName] = [
    .encoder, .decoder, .decoderBias, .gateBias, .magnitudeBias, .magnitudeScale,
  ]

  private func configuration(
    _ fixture: EncoderFixture, isFirst: Bool
  ) throws -> GatedConfiguration {
    if fixture.variant == "gated with p-annealing" {
      let (annealing, form, coefficient) = try fixture.annealing(isFirst: isFirst)
      return GatedConfiguration.pAnnealing(annealing, form: form, coefficient: coefficient)
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

  private func model(_ fixture: EncoderFixture, isFirst: Bool) throws -> GatedAutoencoder {
    try GatedAutoencoder(
      parameters: fixture.parameters(Self.names, fixture.file("params")),
      configuration: configuration(fixture, isFirst: isFirst))
  }

  /// By sparse sums and by dense products, whatever the case's density.
  private static let ways = [false, true]

  @Test(arguments: try EncoderFixture.all(of: .gated), ways)
  func firstPass(_ fixture: EncoderFixture, isDense: Bool) throws {
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
    try check(fixture, isDense, PeerRun.Losses(names: losses, scales: scales))
  }

  private func check(
    _ fixture: EncoderFixture, _ isDense: Bool, _ losses: PeerRun.Losses
  ) throws {
    try ForcedDensity.$isDense.withValue(isDense) {
      try PeerRun(fixture).checkFirstPass(model(fixture, isFirst: true), losses: losses)
    }
  }

  @Test(arguments: try EncoderFixture.all(of: .gated), ways)
  func tenSteps(_ fixture: EncoderFixture, isDense: Bool) throws {
    try ForcedDensity.$isDense.withValue(isDense) {
      let run = try PeerRun(fixture)
      try run.checkTenSteps(
        model(fixture, isFirst: false),
        inspect: { trainer, step in
          guard let state = trainer.model.annealing else { return }
          try fixture.expectAnnealing(state, step, run.expected)
        })
    }
  }
}
