import Testing

@testable import SAECore

/// Numbers of the peers' own runs of the standard variant and of p-annealing.
@Suite struct ReLUParityTests {
  static let names: [ParameterName] = [.encoder, .encoderBias, .decoder, .decoderBias]

  private func model(_ fixture: EncoderFixture, isFirst: Bool) throws -> ReLUAutoencoder {
    try ReLUAutoencoder(
      parameters: fixture.parameters(Self.names, fixture.file("params")),
      configuration: configuration(fixture, isFirst: isFirst))
  }

  /// By sparse sums and by dense products, whatever the case's density.
  private static let ways = [false, true]

  private func configuration(
    _ fixture: EncoderFixture, isFirst: Bool
  ) throws -> ReLUConfiguration {
    if fixture.variant == "p-annealing" {
      let (annealing, form, coefficient) = try fixture.annealing(isFirst: isFirst)
      return ReLUConfiguration.pAnnealing(annealing, form: form, coefficient: coefficient)
    }
    let coefficient = try fixture.coefficient(isFirst: isFirst)
    if fixture.peer == "SAELens" {
      var configuration = ReLUConfiguration.saeLens(
        coefficient: coefficient, exponent: fixture.setting("lp_norm") ?? 1)
      configuration.subtractsDecoderBias = fixture.setting("apply_b_dec_to_input") != 0
      return configuration
    }
    try #require(fixture.peer == "dictionary_learning")
    return fixture.variant == "standard"
      ? ReLUConfiguration.dictionaryLearning(coefficient: coefficient)
      : ReLUConfiguration.saeLens(coefficient: coefficient)
  }

  @Test(arguments: try EncoderFixture.all(of: .relu), ways)
  func firstPass(_ fixture: EncoderFixture, isDense: Bool) throws {
    var losses = ["reconstruction": "mse_loss", "sparsity": "l1_loss"]
    var scales: [String: Double] = [:]
    if fixture.peer == "dictionary_learning" {
      losses["sparsity"] = "sparsity_loss"
      scales["sparsity_loss"] = fixture.setting("l1_penalty")
    }
    if fixture.variant == "p-annealing" {
      // This peer's trainer has no term of its own for the reconstruction.
      let expected = try fixture.file("expected")
      let total = try expected.tensor("loss64.total").doubles()[0]
      let sparsity = try expected.tensor("loss64.scaled_lp_loss").doubles()[0]
      try check(
        fixture, isDense,
        PeerRun.Losses(
          names: ["sparsity": "scaled_lp_loss"], values: ["reconstruction": total - sparsity]))
      return
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

  @Test(arguments: try EncoderFixture.all(of: .relu), ways)
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

extension EncoderFixture {
  /// λ with its warm-up, or without it as in the first pass.
  func coefficient(isFirst: Bool) throws -> CoefficientSchedule {
    let value = try #require(
      ["l1_coefficient", "l1_penalty", "l0_coefficient", "sparsity_penalty"]
        .compactMap { setting($0) }.first)
    let warmUp = setting("l1_warm_up_steps") ?? setting("sparsity_warmup_steps") ?? 0
    return CoefficientSchedule(finalValue: value, warmUpSteps: isFirst ? 0 : Int(warmUp))
  }

  /// The annealing of the ten steps, or one that stays where the first pass is.
  func annealing(
    isFirst: Bool
  ) throws -> (PAnnealing, ActivationPenalty.Form, CoefficientSchedule) {
    let name = text("hyper_parameters.trainer_arguments.sparsity_function")
    let form = try #require(name.flatMap { ActivationPenalty.Form(rawValue: $0) })
    if isFirst {
      let expected = try file("expected")
      let p = try expected.tensor("loss64.p").doubles()[0]
      let coefficient = try expected.tensor("loss64.sparsity_coeff").doubles()[0]
      return (
        PAnnealing(from: p, to: p, between: 100...200), form,
        CoefficientSchedule(finalValue: coefficient)
      )
    }
    func argument(_ name: String) throws -> Double { try #require(setting(name)) }
    return try (
      PAnnealing(
        from: argument("p_start"), to: argument("p_end"),
        between: Int(argument("anneal_start"))...Int(argument("anneal_end")),
        updates: Int(argument("n_sparsity_updates")),
        queueLength: Int(argument("sparsity_queue_length"))), form,
      CoefficientSchedule(finalValue: argument("initial_sparsity_penalty"))
    )
  }

  /// The annealing as the peer has it at the start of a step.
  func expectAnnealing(_ state: PAnnealing.State, _ step: Int, _ expected: SafetensorsFile) throws {
    let p = try expected.tensor("steps.p").doubles()[step]
    #expect(state.exponent == p, "p before step \(step + 1)")
    let initial = try #require(setting("initial_sparsity_penalty"))
    let coefficient = try expected.tensor("steps.sparsity_coeff").doubles()[step]
    #expect(
      abs(initial * state.coefficientFactor - coefficient) <= 2e-6 * coefficient,
      "coefficient before step \(step + 1)")
    #expect(
      state.schedule.exponents == (try expected.tensor("anneal.p_values").doubles()))
    #expect(
      state.schedule.updateSteps == (try expected.tensor("anneal.update_steps").integers()))
  }
}
