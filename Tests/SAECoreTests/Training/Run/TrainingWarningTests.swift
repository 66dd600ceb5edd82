import SAETestSupport
import Testing

@testable import SAECore

/// Runs that end as if all were well, and what they say of themselves.
@Suite struct TrainingWarningTests {
  static let source = Matrix.random(600, 12, seed: 3)

  static func warnings<Model: TrainableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration, latents: Int = 24, steps: Int = 200,
    rate: Double = 1e-2, _ edit: (inout TrainingOptions) -> Void = { _ in }
  ) throws -> [TrainingWarning] where Model.Configuration.Model == Model {
    var options = TrainingOptions(steps: steps)
    options.batchTokens = 60
    options.schedule.learningRate = rate
    edit(&options)
    var run = try TrainingRun<Model>(
      configuration, latentCount: latents, on: source, options: options)
    while try run.step() != nil {}
    return try run.warnings()
  }

  @Test func aSoundRunSaysNothing() throws {
    #expect(try Self.warnings(TopKAutoencoder.self, TopKConfiguration(k: 4)) == [])
    #expect(try Self.warnings(JumpReLUAutoencoder.self, .controlledL0(4)) == [])
  }

  @Test func deadLatentsAreCountedOverTheRun() throws {
    // So large a dictionary that most of it never fires; the rule waits longer than the run.
    var plain = TopKConfiguration(k: 1)
    plain.auxiliaryLoss = nil
    let warnings = try Self.warnings(TopKAutoencoder.self, plain, latents: 3000, rate: 1e-4) {
      $0.revival.deadLatentRule = .dictionaryLearning(tokens: .max)
    }
    guard case .deadLatents(let dead, let all)? = warnings.first else {
      Issue.record("\(warnings)")
      return
    }
    #expect(all == 3000 && dead > 300)
    #expect(warnings[0].description.hasPrefix("\(dead) of 3000 latents are dead; "))
  }

  @Test func noActiveLatentIsSaid() throws {
    let strict = CoefficientSchedule(finalValue: 1e4)
    let warnings = try Self.warnings(ReLUAutoencoder.self, ReLUConfiguration(coefficient: strict))
    #expect(warnings.contains(.noActiveLatents), "\(warnings)")
    #expect(!warnings.contains { if case .missedL0 = $0 { true } else { false } })
  }

  /// Below one latent on 20 tokens, nothing else is said of what follows from it.
  @Test func hardlyAnActiveLatentIsSaid() {
    #expect(TrainingWarning.ofFewActive(0) == .noActiveLatents)
    #expect(TrainingWarning.ofFewActive(0.01) == .hardlyAnyActiveLatent(0.01))
    #expect(TrainingWarning.ofFewActive(0.05) == nil && TrainingWarning.ofFewActive(8) == nil)
    let text = TrainingWarning.hardlyAnyActiveLatent(0.01).description
    #expect(text.hasPrefix("hardly any latent is active (L0 0.01); lower the sparsity"), "\(text)")
  }

  @Test func aTargetThatWasMissedIsSaid() throws {
    // Held at the target by a loss that weighs nothing.
    let weak = CoefficientSchedule(finalValue: 0)
    let warnings = try Self.warnings(
      JumpReLUAutoencoder.self, .saeLens(.quadratic(target: 2), coefficient: weak))
    let missed = warnings.contains {
      if case .missedL0(let l0, let target) = $0 { l0 > 2.4 && target == 2 } else { false }
    }
    #expect(missed, "\(warnings)")
  }

  @Test func aThresholdThatIsNoneIsSaid() throws {
    var configuration = BatchTopKConfiguration(meanK: 4)
    configuration.thresholdAverage = .saeLens(rate: 1e-6)
    let warnings = try Self.warnings(BatchTopKAutoencoder.self, configuration)
    let differs = warnings.contains {
      if case .thresholdL0(let l0, let selection) = $0 { l0 > 5 && selection == 4 } else { false }
    }
    #expect(differs, "\(warnings)")
  }

  /// Worse than the mean, though not beyond any sense.
  @Test func lessThanNothingExplainedIsSaid() throws {
    // A decoder as long as the encoder, both of norm 2.
    var options = TrainingOptions(steps: 1)
    options.batchTokens = 60
    options.schedule.learningRate = 1e-9
    options.beginning.weights = .uniformEntries(rowNorm: 2)
    var run = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 4), latentCount: 24, on: Self.source, options: options)
    while try run.step() != nil {}
    let warnings = try run.warnings()
    let isBelow = warnings.contains {
      if case .fractionOfVarianceExplainedBelowZero(let value) = $0 { value < 0 } else { false }
    }
    #expect(isBelow, "\(warnings)")
    let text = TrainingWarning.fractionOfVarianceExplainedBelowZero(-1).description
    #expect(text.contains("lower where the loss rises, higher where it hardly falls"), "\(text)")
  }

  @Test func eachMemberOfASweepIsTold() throws {
    var options = TrainingOptions(steps: 60)
    options.batchTokens = 60
    options.schedule.learningRate = 1e-2
    var sweep = try TrainingSweep(on: Self.source, options: options)
    try sweep.add(TopKConfiguration(k: 4), latentCount: 24)
    options.schedule.learningRate = 1e3
    try sweep.add(TopKConfiguration(k: 4), latentCount: 24, options: options)
    while try sweep.step() != nil {}
    let warnings = try sweep.warnings()
    #expect(throws: Never.self) { try warnings[0].get() }
    #expect(throws: TrainingError.self) { try warnings[1].get() }
  }

  /// The same after an interruption.
  @Test func aRunThatGoesOnSaysTheSame() throws {
    var options = TrainingOptions(steps: 20)
    options.batchTokens = 60
    var whole = try TrainingRun<BatchTopKAutoencoder>(
      BatchTopKConfiguration(meanK: 4), latentCount: 300, on: Self.source, options: options)
    for _ in 0..<10 { _ = try whole.step() }
    var other = try TrainingRun<BatchTopKAutoencoder>(from: whole.checkpoint(), on: Self.source)
    while try whole.step() != nil {}
    while try other.step() != nil {}
    #expect(try whole.warnings() == other.warnings())
  }
}
