import Testing

@testable import SAECore

/// Numbers of the peers' own runs of JumpReLU.
@Suite struct JumpReLUParityTests {
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

  private func model(_ fixture: EncoderFixture, isFirst: Bool) throws -> JumpReLUAutoencoder {
    try JumpReLUAutoencoder(
      parameters: fixture.parameters(Self.names, fixture.file("params")),
      configuration: configuration(fixture, isFirst: isFirst))
  }

  /// By sparse sums and by dense products, whatever the case's density.
  private static let ways = [false, true]

  @Test(arguments: try EncoderFixture.all(of: .jumpReLU), ways)
  func firstPass(_ fixture: EncoderFixture, isDense: Bool) throws {
    if fixture.peer == "SAELens" {
      var losses = ["reconstruction": "mse_loss", "sparsity": "l0_loss"]
      if fixture.setting("pre_act_loss_coefficient") != nil {
        losses["pre-activation"] = "pre_act_loss"
      }
      try check(fixture, isDense, PeerRun.Losses(names: losses))
    } else {
      let expected = try fixture.file("expected")
      let total = try expected.tensor("loss64.total").doubles()[0]
      let error = try expected.tensor("loss64.l2_loss").doubles()[0]
      try check(
        fixture, isDense,
        PeerRun.Losses(
          names: ["reconstruction": "l2_loss"], values: ["sparsity": total - error]))
    }
  }

  private func check(
    _ fixture: EncoderFixture, _ isDense: Bool, _ losses: PeerRun.Losses
  ) throws {
    try ForcedDensity.$isDense.withValue(isDense) {
      try PeerRun(fixture).checkFirstPass(model(fixture, isFirst: true), losses: losses)
    }
  }

  @Test(arguments: try EncoderFixture.all(of: .jumpReLU), ways)
  func tenSteps(_ fixture: EncoderFixture, isDense: Bool) throws {
    try ForcedDensity.$isDense.withValue(isDense) {
      try PeerRun(fixture).checkTenSteps(model(fixture, isFirst: false))
    }
  }
}
