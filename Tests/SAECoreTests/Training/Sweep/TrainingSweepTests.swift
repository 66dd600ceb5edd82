import SAECore
import SAETestSupport
import Testing

@Suite struct TrainingSweepTests {
  private let activations = Matrix.random(170, 12, seed: 4)

  private var options: TrainingOptions { Self.sixSteps }

  static var sixSteps: TrainingOptions {
    var options = TrainingOptions(steps: 6)
    options.batchTokens = 50
    options.schedule.learningRate = 1e-2
    options.revival.deadLatentRule = .tokensIncludingBatch(100)
    options.data.bufferTokens = 64
    options.seed = 3
    return options
  }

  private func alone<Model: TrainableAutoencoder>(
    _ model: Model.Type, _ configuration: Model.Configuration, latents: Int,
    _ options: TrainingOptions? = nil
  ) throws -> ParameterSet where Model.Configuration.Model == Model {
    var run = try TrainingRun<Model>(
      configuration, latentCount: latents, on: activations, options: options ?? self.options)
    while try run.step() != nil {}
    return try run.folded().parameters
  }

  @Test(arguments: [1, 3]) func everyMemberEndsAsOneTrainedAlone(threads: Int) throws {
    try Threads.withCount(threads) {
      var faster = options
      faster.schedule.learningRate = 2e-2
      let (gating, jump) = (
        GatedConfiguration(coefficient: .one), JumpReLUConfiguration.controlledL0(4)
      )
      var sweep = try TrainingSweep(on: activations, options: options)
      let two = try sweep.add(TopKConfiguration(k: 2), latentCount: 60)
      let five = try sweep.add(
        TopKConfiguration(k: 5), latentCount: 24, options: faster)
      let gated = try sweep.add(gating, latentCount: 40)
      let jumping = try sweep.add(jump, latentCount: 40)
      while let reports = try sweep.step() { #expect(reports.count == 4) }

      #expect(
        try sweep.folded(two).parameters
          == alone(TopKAutoencoder.self, TopKConfiguration(k: 2), latents: 60))
      #expect(
        try sweep.folded(five).parameters
          == alone(TopKAutoencoder.self, TopKConfiguration(k: 5), latents: 24, faster))
      #expect(
        try sweep.folded(gated).parameters == alone(GatedAutoencoder.self, gating, latents: 40))
      #expect(
        try sweep.folded(jumping).parameters
          == alone(JumpReLUAutoencoder.self, jump, latents: 40))
    }
  }

  @Test func aMemberThatFailsKeepsItsLastStateAndTheOthersGoOn() throws {
    var huge = options
    huge.schedule.learningRate = 1e30
    huge.schedule.warmUpSteps = 0
    huge.optimizer.clippingNorm = nil
    var sweep = try TrainingSweep(on: activations, options: options)
    let failing = try sweep.add(
      TopKConfiguration(k: 2), latentCount: 30, options: huge)
    let good = try sweep.add(TopKConfiguration(k: 2), latentCount: 30)
    var failures: [TrainingError] = []
    while let reports = try sweep.step() {
      if case .failure(let error) = reports[0] { failures.append(error) }
      guard case .success = reports[1] else {
        Issue.record("the second member failed: \(reports[1])")
        return
      }
    }
    #expect(failures.count == 5)
    #expect(Set(failures.map(\.description)).count == 1)
    #expect(sweep.trainer(of: failing).step == 1)
    #expect(sweep.trainer(of: good).step == 6)
    #expect(
      try sweep.folded(good).parameters
        == alone(TopKAutoencoder.self, TopKConfiguration(k: 2), latents: 30))
  }

  @Test func optionsThatAskForOtherBatchesAreRefused() throws {
    var sweep = try TrainingSweep(on: activations, options: options)
    var other = options
    other.batchTokens = 51
    #expect(
      throws: OptionError(
        "batchTokens", expected: "50, as in the sweep's options", found: "51")
    ) {
      try sweep.add(TopKConfiguration(k: 2), latentCount: 30, options: other)
    }
    try sweep.add(TopKConfiguration(k: 2), latentCount: 30)
    _ = try sweep.step()
    #expect(throws: OptionError.self) {
      try sweep.add(TopKConfiguration(k: 2), latentCount: 30)
    }
  }
}
