import SAECore
import Testing

/// Numbers of the peers' own runs of variants that select latents by their scores.
@Suite struct SelectionParityTests {
  /// Settings that fixtures give to every variant of a peer.
  static func apply(_ run: PeerRun, to configuration: inout some SelectingConfiguration) {
    if let alpha = run.setting("aux_loss_coefficient") {
      configuration.auxiliaryLoss = AuxiliaryLoss(.rawScores, coefficient: alpha)
    }
    if let alpha = run.setting("auxk_alpha") {
      configuration.auxiliaryLoss = AuxiliaryLoss(.residualVariance, coefficient: alpha)
    }
    if let alpha = run.fixture.number("hyper_parameters.auxk_alpha"), alpha > 0 {
      configuration.auxiliaryLoss = AuxiliaryLoss(.decoderOnly, coefficient: alpha)
    }
    if let rescales = run.setting("rescale_acts_by_decoder_norm") {
      configuration.rescalesByDecoderNorm = rescales != 0
    }
    if let subtracts = run.setting("apply_b_dec_to_input") {
      configuration.subtractsDecoderBias = subtracts != 0
    }
  }

  static func thresholdAverage(_ run: PeerRun) throws -> ThresholdAverage {
    if run.fixture.peer == "SAELens" {
      return .saeLens(rate: run.setting("topk_threshold_lr") ?? 0.01)
    }
    // The peer counts steps from the case's first one on.
    let first = Int(try #require(run.fixture.number("meta.raw_step_index")))
    return .dictionaryLearning(
      beta: try #require(run.setting("threshold_beta")),
      startStep: Int(try #require(run.setting("threshold_start_step"))) - first)
  }

  @Test(arguments: try EncoderFixture.all(of: .topK))
  func topK(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    let k = Int(try #require(run.setting("k")))
    var configuration: TopKConfiguration
    switch fixture.peer {
    case "SAELens": configuration = .saeLens(k: k)
    case "dictionary_learning": configuration = .dictionaryLearning(k: k)
    default:
      try #require(fixture.peer == "sparsify")
      configuration = .sparsify(k: k)
    }
    Self.apply(run, to: &configuration)
    if fixture.peer == "dictionary_learning" {
      configuration.thresholdAverage = try Self.thresholdAverage(run)
    }
    let model = try TopKAutoencoder(
      parameters: fixture.parameters(fixture.file("params")), configuration: configuration)
    try run.checkFirstPass(model, losses: .selecting(run))
    try run.checkTenSteps(model, threshold: { $0.threshold ?? -1 })
  }

  @Test(arguments: try EncoderFixture.all(of: .batchTopK))
  func batchTopK(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    let k = try #require(run.setting("k"))
    var configuration =
      fixture.peer == "SAELens"
      ? BatchTopKConfiguration.saeLens(meanK: k) : .dictionaryLearning(k: Int(k))
    Self.apply(run, to: &configuration)
    configuration.thresholdAverage = try Self.thresholdAverage(run)
    let model = try BatchTopKAutoencoder(
      parameters: fixture.parameters(fixture.file("params")), configuration: configuration)
    try run.checkFirstPass(model, losses: .selecting(run), encode: model.encodeAsBatch)
    try run.checkTenSteps(model, threshold: { $0.threshold ?? -1 })
  }

  @Test(arguments: try EncoderFixture.all(of: .matryoshka))
  func matryoshka(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    let k = try #require(run.setting("k"))
    var configuration =
      fixture.peer == "SAELens"
      ? MatryoshkaConfiguration.saeLens(
        meanK: k,
        widths: try fixture.numbers("hyper_parameters.config.matryoshka_widths").map { Int($0) })
      : .dictionaryLearning(
        k: Int(k),
        fractions: try fixture.numbers("hyper_parameters.trainer_arguments.group_fractions"))
    Self.apply(run, to: &configuration)
    configuration.hasAuxiliaryLossPerLevel = run.setting("use_matryoshka_aux_loss") == 1
    configuration.thresholdAverage = try Self.thresholdAverage(run)
    let model = try MatryoshkaAutoencoder(
      parameters: fixture.parameters(fixture.file("params")), configuration: configuration)
    try run.checkFirstPass(
      model, losses: Self.nestedLosses(run), encode: model.encodeAsBatch)
    try run.checkTenSteps(model, threshold: { $0.threshold ?? -1 })
  }

  /// The terms of the levels. dictionary_learning has the least and the largest of three, which are
  /// those of the fewest and of all latents here; the third follows from their sum.
  private static func nestedLosses(_ run: PeerRun) throws -> PeerRun.Losses {
    var losses = PeerRun.Losses.selecting(run)
    guard run.fixture.peer == "dictionary_learning" else {
      for width in try run.fixture.numbers("hyper_parameters.config.matryoshka_widths")
      where run.expected.contains("loss64.inner_mse_loss_\(Int(width))") {
        losses.names["reconstruction of \(Int(width))"] = "inner_mse_loss_\(Int(width))"
      }
      return losses
    }
    func value(_ name: String) throws -> Double {
      try run.expected.tensor("loss64.\(name)").doubles()[0]
    }
    let (least, largest) = try (value("min_l2_loss") / 3, value("max_l2_loss") / 3)
    losses.names["reconstruction"] = nil
    losses.values = [
      "reconstruction": largest, "reconstruction of 8": least,
      "reconstruction of 20": try value("l2_loss") - least - largest,
    ]
    return losses
  }

  @Test(arguments: try EncoderFixture.all(of: .absTopK))
  func absTopK(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    var configuration = AbsTopKConfiguration.saeLens(k: Int(try #require(run.setting("k"))))
    Self.apply(run, to: &configuration)
    let model = try AbsTopKAutoencoder(
      parameters: fixture.parameters(fixture.file("params")), configuration: configuration)
    try run.checkFirstPass(model, losses: .selecting(run))
    try run.checkTenSteps(model)
  }

  @Test(arguments: try EncoderFixture.all(of: .groupMax))
  func groupMax(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    var configuration = GroupMaxConfiguration.sparsify(k: Int(try #require(run.setting("k"))))
    Self.apply(run, to: &configuration)
    let model = try GroupMaxAutoencoder(
      parameters: fixture.parameters(fixture.file("params")), configuration: configuration)
    try run.checkFirstPass(model, losses: .selecting(run))
    try run.checkTenSteps(model)
  }

  @Test(arguments: try EncoderFixture.all(of: .signDescent))
  func signDescent(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    let model = try TopKAutoencoder(
      parameters: fixture.parameters(fixture.file("params")),
      configuration: .sparsify(k: Int(try #require(run.setting("k")))))
    try run.checkFirstPass(model, losses: .selecting(run))
    try run.checkTenSteps(model, optimizer: ScheduleFreeSignDescent(for: model.parameters))
  }

  @Test(arguments: try EncoderFixture.all(of: .multiTopK))
  func multiTopK(_ fixture: EncoderFixture) throws {
    let run = try PeerRun(fixture)
    var configuration = TopKConfiguration.sparsify(k: Int(try #require(run.setting("k"))))
    Self.apply(run, to: &configuration)
    configuration.multiTopK = .sparsify
    let model = try TopKAutoencoder(
      parameters: fixture.parameters(fixture.file("params")), configuration: configuration)
    try run.checkFirstPass(model, losses: .selecting(run))
    try run.checkTenSteps(model)
  }
}
