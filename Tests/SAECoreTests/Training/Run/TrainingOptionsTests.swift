import SAETestSupport
import Testing

@testable import SAECore

/// Options that reach the trainer: each one, set off its default, changes what it is about.
@Suite struct TrainingOptionsTests {
  private let activations = Matrix.random(200, 8, seed: 4)

  private func options(_ steps: Int) -> TrainingOptions {
    var options = TrainingOptions(steps: steps)
    options.batchTokens = 50
    options.schedule.learningRate = 1e-2
    options.schedule.warmUpSteps = 0
    return options
  }

  @Test func withoutMomentumTheFirstMomentIsTheGradient() throws {
    var options = options(3)
    options.optimizer.algorithm = .adam(beta1: 0, epsilon: 6.25e-10)
    options.optimizer.clippingNorm = nil
    var run = try TrainingRun<GatedAutoencoder>(
      .dictionaryLearning(coefficient: .one), latentCount: 24, on: activations, options: options)
    while try run.step() != nil {
      let adam = try #require(run.trainer.optimizer as? Adam)
      #expect(adam.firstMoments == run.trainer.gradients)
      #expect(adam.epsilon == 6.25e-10)
    }
  }

  /// Each step has the rate of the schedule that the options describe.
  @Test func runsFollowTheScheduleTheyAreGiven() throws {
    func rates(_ edit: (inout TrainingOptions) -> Void) throws -> [Double] {
      var options = options(20)
      options.schedule.decaySteps = nil
      edit(&options)
      var run = try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 1), latentCount: 16, on: activations, options: options)
      var found: [Double] = []
      while let report = try run.step() { found.append(report.learningRate) }
      return found
    }
    func expected(_ schedule: LearningRateSchedule) -> [Double] { (0..<20).map(schedule.rate) }
    #expect(
      try rates { $0.schedule.shape = .cosine(endRate: 0) }
        == expected(.saeLens(peak: 1e-2, totalSteps: 20, shape: .cosine(endRate: 0))))
    #expect(
      try rates { $0.schedule.shape = .cosine(endRate: 1e-3, cycles: 2) }
        == expected(
          .saeLens(
            peak: 1e-2, totalSteps: 20, decaySteps: 4, shape: .cosine(endRate: 1e-3, cycles: 2))))
    #expect(
      try rates {
        $0.schedule.warmUp = .fromZero
        $0.schedule.warmUpSteps = 5
        $0.schedule.decaySteps = 15
      } == expected(.sparsify(peak: 1e-2, totalSteps: 20, warmUpSteps: 5)))
    #expect(
      refusedOption {
        try rates {
          $0.schedule.shape = .cosine(endRate: 0)
          $0.schedule.decaySteps = 3
        }
      } == "decaySteps")
  }

  /// What is decided where nothing is given, pinned: a change of these is a change of results.
  @Test func defaults() throws {
    let options = TrainingOptions(steps: 1000).decided(
      for: TopKConfiguration(k: 8), latentCount: 4096, hasTargets: false)
    #expect(options.batchTokens == 4096)
    #expect(options.schedule.learningRate == 1.6e-3)
    #expect(options.schedule.warmUpSteps == 50 && options.schedule.decaySteps == 200)
    #expect(options.revival.deadLatentRule == .tokensIncludingBatch(1000 * 4096 / 20))
    #expect(options.data.normalization == .centered)
    #expect(options.optimizer.clippingNorm == 1)
    let long = TrainingOptions(steps: 100_000).decided(
      for: TopKConfiguration(k: 8), latentCount: 4096, hasTargets: false)
    #expect(long.schedule.warmUpSteps == 1000 && long.schedule.decaySteps == 20_000)
    #expect(long.revival.deadLatentRule == .tokensIncludingBatch(10_000_000))
  }

  /// Tokens of the source, tokens a step, steps.
  @Test(arguments: [
    (1, 32, 2), (100, 32, 157), (5000, 256, 977), (20_000, 1024, 977), (100_000, 1024, 4000),
    (500_000, 2048, 4000), (1_000_000, 4096, 4000), (10_000_000, 4096, 24_415),
  ]) func defaultsFollowFromTheSource(_ tokens: Int, _ batch: Int, _ steps: Int) {
    let options = TrainingOptions(sourceTokens: tokens)
    #expect(options.batchTokens == batch && options.steps == steps)
    // What is given stays, and the rest follows from it.
    let given = TrainingOptions(sourceTokens: tokens, batchTokens: 100)
    #expect(given.batchTokens == 100)
    #expect(given.steps >= min(4000, tokens / 2) && given.steps * 100 < 51 * tokens + 100)
    #expect(TrainingOptions(sourceTokens: tokens, steps: 7).steps == 7)
    #expect(TrainingOptions(sourceTokens: .max, batchTokens: 1).steps == .max)
  }

  /// What is given leaves room for what is not.
  @Test(arguments: [(90, nil), (nil, 100), (100, nil), (95, 5), (nil, 97)] as [(Int?, Int?)])
  func phasesThatAreNotGivenFit(_ warmUp: Int?, _ decay: Int?) throws {
    var options = options(100)
    options.schedule.warmUpSteps = warmUp
    options.schedule.decaySteps = decay
    _ = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 1), latentCount: 12, on: activations, options: options)
    let decided = options.decided(for: TopKConfiguration(k: 1), latentCount: 12, hasTargets: false)
    #expect(decided.schedule.warmUpSteps == warmUp ?? (100 - (decay ?? 0)))
    #expect(decided.schedule.decaySteps == decay ?? (100 - (warmUp ?? 0)))
  }

  @Test func deadLatentsAreResampledAndCountedFromAnew() throws {
    var options = options(9)
    options.revival.resampling = Resampling(convention: .dictionaryLearning, period: 4)
    var run = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 1), latentCount: 120, on: activations, options: options)
    var plain = options
    plain.revival.resampling = nil
    plain.schedule.warmUpSteps = 0
    var without = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 1), latentCount: 120, on: activations, options: plain)
    for _ in 0..<4 {
      _ = try run.step()
      _ = try without.step()
    }
    #expect(run.trainer.model.parameters == without.trainer.model.parameters)
    let dead = run.trainer.deadLatents.indices(withoutFiringForSteps: 2, of: 50)
    try #require(!dead.isEmpty && dead.count < 50)
    var trainer = run.trainer
    var generator = RandomGenerator(seed: 1)
    let resampled = try trainer.resample(
      try #require(options.revival.resampling), on: Matrix(activations[rows: 0..<50]),
      using: &generator)
    #expect(resampled == dead)
    let before = run.trainer.model.parameters
    let norms = trainer.model.decoder.rowNorms()
    for latent in 0..<120 {
      let isNew = dead.contains(latent)
      #expect(
        (trainer.model.decoder.row(latent)[0] != before[.decoder].row(latent)[0]) == isNew)
      if isNew {
        #expect(abs(norms[latent] - 1) < 1e-5)
        #expect(trainer.deadLatents.sinceFiring[latent] == 0)
      }
    }
    _ = try run.step()
    _ = try without.step()
    #expect(run.trainer.model.parameters != without.trainer.model.parameters)
  }

  @Test func resamplingNeedsWhatItResamples() throws {
    var options = options(9)
    options.revival.resampling = .anthropic
    #expect(throws: OptionError.self) {
      try TrainingRun<GatedAutoencoder>(
        GatedConfiguration(coefficient: .one), latentCount: 24, on: activations, options: options)
    }
    options.optimizer.algorithm = .scheduleFreeSignDescent
    #expect(throws: OptionError.self) {
      try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 2), latentCount: 24, on: activations, options: options)
    }
  }

  @Test func aTopKThresholdKeepsAboutAsManyLatents() throws {
    var configuration = TopKConfiguration(k: 4)
    var average = ThresholdAverage()
    average.rate = 0.3
    configuration.thresholdAverage = average
    var run = try TrainingRun<TopKAutoencoder>(
      configuration, latentCount: 40, on: activations, options: options(60))
    while try run.step() != nil {}
    let model = try run.folded()
    #expect(model.threshold != nil && run.trainer.model.threshold != model.threshold)
    let l0 = LatentActivity(try model.encodeByThreshold(activations)).l0
    #expect(l0 > 2 && l0 < 8)
    // Folding the scale changes neither latents nor their number.
    let scaled = try run.scaling.scale(activations).activations
    #expect(
      abs(LatentActivity(try run.trainer.model.encodeByThreshold(scaled)).l0 - l0) < 0.05)
  }
}
