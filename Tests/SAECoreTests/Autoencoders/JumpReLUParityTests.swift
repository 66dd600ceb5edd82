import SAECore
import Testing

/// Numbers of the peers' own runs of JumpReLU.
@Suite struct JumpReLUParityTests {
  static let cases = EncoderFixture.all { $0 == "jumprelu" }

  static let names: [ParameterName] = [
    .encoder, .encoderBias, .decoder, .decoderBias, .threshold,
  ]

  private func configuration(
    _ fixture: EncoderFixture, isFirst: Bool
  ) throws -> JumpReLUConfiguration {
    let coefficient = try fixture.coefficient(isFirst: isFirst)
    func setting(_ name: String) throws -> Double { try #require(fixture.setting(name)) }
    var configuration: JumpReLUConfiguration
    if fixture.peer == "SAELens" {
      let loss: JumpReLUConfiguration.SparsityLoss
      switch fixture.text("hyper_parameters.config.jumprelu_sparsity_loss_mode") {
      case "step": loss = .step
      case "quadratic": loss = .quadratic(target: try setting("target_l0"))
      case let mode:
        try #require(mode == "tanh")
        loss = .tanh(scale: try setting("jumprelu_tanh_scale"))
      }
      configuration = .saeLens(loss, coefficient: coefficient)
      configuration.bandwidth = Float(try setting("jumprelu_bandwidth"))
      if fixture.setting("jumprelu_ste_to_input") == 1 {
        configuration.estimator = .thresholdAndInput
      }
      configuration.preActivationLoss = fixture.setting("pre_act_loss_coefficient").map {
        .init(coefficient: $0)
      }
      configuration.subtractsDecoderBias = try setting("apply_b_dec_to_input") != 0
    } else {
      try #require(fixture.peer == "dictionary_learning")
      configuration = .dictionaryLearning(
        targetL0: try setting("target_l0"), coefficient: coefficient)
      configuration.bandwidth = Float(try setting("bandwidth"))
    }
    return configuration
  }

  private func run(_ fixture: EncoderFixture) throws -> ParityRun<JumpReLUAutoencoder> {
    ParityRun(
      fixture: fixture, first: try configuration(fixture, isFirst: true),
      training: try configuration(fixture, isFirst: false), names: Self.names)
  }

  @Test(arguments: cases) func firstPass(_ fixture: EncoderFixture) throws {
    if fixture.peer == "SAELens" {
      var losses = ["reconstruction": "mse_loss", "sparsity": "l0_loss"]
      if fixture.setting("pre_act_loss_coefficient") != nil {
        losses["pre-activation"] = "pre_act_loss"
      }
      try run(fixture).checkFirstPass(losses: losses)
    } else {
      let expected = try fixture.file("expected")
      let total = try expected.tensor("loss64.total").doubles()[0]
      let error = try expected.tensor("loss64.l2_loss").doubles()[0]
      try run(fixture).checkFirstPass(
        losses: ["reconstruction": "l2_loss", "sparsity": "total"],
        overrides: ["sparsity": total - error])
    }
  }

  @Test(arguments: cases) func tenSteps(_ fixture: EncoderFixture) throws {
    try run(fixture).checkSteps()
  }
}
