/// The settings of a run that do not belong to a variant, in groups. All are checked when the run begins.
///
///     var options = TrainingOptions(steps: 20_000, batchTokens: 4096, seed: 7)
///     options.schedule.learningRate = 3e-4
///     options.data.normalization = .layerNorm
public struct TrainingOptions: Sendable, Equatable {
  /// Steps to make.
  public var steps: Int
  /// Tokens per step.
  public var batchTokens: Int
  /// Equal seeds give equal bits.
  public var seed: UInt64
  /// The learning rate of each step.
  public var schedule: Schedule
  /// What changes the parameters by their gradients.
  public var optimizer: Optimization
  /// What becomes of dead latents.
  public var revival: Revival
  /// How activations are read and scaled.
  public var data: Data
  /// What the parameters begin as.
  public var beginning: Beginning

  /// Options for a number of steps; the groups have their defaults unless given.
  public init(
    steps: Int, batchTokens: Int = 4096, seed: UInt64 = 0, schedule: Schedule = Schedule(),
    optimizer: Optimization = Optimization(), revival: Revival = Revival(), data: Data = Data(),
    beginning: Beginning = Beginning()
  ) {
    self.steps = steps
    self.batchTokens = batchTokens
    self.seed = seed
    self.schedule = schedule
    self.optimizer = optimizer
    self.revival = revival
    self.data = data
    self.beginning = beginning
  }
}

extension TrainingOptions {
  private var defaultWarmUpSteps: Int {
    min(1000, steps / 20, max(0, steps - (schedule.decaySteps ?? 0)))
  }

  private func defaultDecaySteps(warmUpSteps: Int) -> Int {
    if case .cosine(let endRate, _) = schedule.shape, endRate <= 0 { return 0 }
    return min(steps / 5, max(0, steps - warmUpSteps))
  }

  private var defaultDeadLatentRule: DeadLatents.Rule {
    let (total, overflows) = steps.multipliedReportingOverflow(by: batchTokens)
    let share = overflows ? .max : max(batchTokens, total / 20)
    return .tokensIncludingBatch(min(10_000_000, share))
  }

  /// Throws if a number makes no sense.
  func check(latentCount: Int) throws(OptionError) {
    try OptionError.check("latentCount", latentCount, in: 1...Int(UInt32.max))
    try OptionError.check("steps", steps, in: 1...Int.max)
    try OptionError.check("batchTokens", batchTokens, in: 1...Int.max)
    try optimizer.algorithm.check()
    try revival.resampling?.check()
  }

  /// The same options with a value for everything that was left to the library. A run is made with these,
  /// and its checkpoint holds them: it goes on as it began even if a later version decides otherwise.
  func decided(
    for configuration: some AutoencoderConfiguration, latentCount: Int, hasTargets: Bool
  ) -> TrainingOptions {
    var options = self
    options.schedule.learningRate =
      schedule.learningRate
      ?? optimizer.algorithm.learningRate(configuration, latentCount: latentCount, steps: steps)
    let rise = schedule.warmUpSteps ?? defaultWarmUpSteps
    options.schedule.warmUpSteps = rise
    options.schedule.decaySteps = schedule.decaySteps ?? defaultDecaySteps(warmUpSteps: rise)
    options.revival.deadLatentRule = revival.deadLatentRule ?? defaultDeadLatentRule
    guard !hasTargets else { return options }
    options.beginning.weights = beginning.weights ?? configuration.weightInitialization
    options.beginning.decoderBias =
      beginning.decoderBias ?? configuration.decoderBiasInitialization
    return options
  }

  /// The same options; what they leave to the library is taken from other options.
  func completed(by other: TrainingOptions) -> TrainingOptions {
    var options = self
    options.schedule.learningRate = schedule.learningRate ?? other.schedule.learningRate
    options.schedule.warmUpSteps = schedule.warmUpSteps ?? other.schedule.warmUpSteps
    options.schedule.decaySteps = schedule.decaySteps ?? other.schedule.decaySteps
    options.revival.deadLatentRule = revival.deadLatentRule ?? other.revival.deadLatentRule
    options.beginning.weights = beginning.weights ?? other.beginning.weights
    options.beginning.decoderBias = beginning.decoderBias ?? other.beginning.decoderBias
    return options
  }
}

extension TrainingOptions: Codable {
  /// Flat, and under the keys of version 0.1.
  private static var fields: SettingsFields<Self> {
    [
      .required("steps", \.steps),
      .required("batchTokens", \.batchTokens),
      .optional("learningRate", \.schedule.learningRate, absent: nil),
      .optional("optimizer", \.optimizer.algorithm, absent: .adam(beta1: 0.9, epsilon: 1e-8)),
      .optional("averagingDecay", \.optimizer.averagingDecay, absent: nil),
      .optional("warmUpSteps", \.schedule.warmUpSteps, absent: nil),
      .optional("warmUp", \.schedule.warmUp, absent: .fromFirstShare),
      .optional("learningRateShape", \.schedule.shape, absent: .constant),
      .optional("decaySteps", \.schedule.decaySteps, absent: nil),
      .optional("weightInitialization", \.beginning.weights, absent: nil),
      .optional("calibratesEncoder", \.beginning.calibratesEncoder, absent: false),
      .optional("decoderBiasInitialization", \.beginning.decoderBias, absent: nil),
      .required("seed", \.seed),
      .optional("clippingNorm", \.optimizer.clippingNorm, absent: 1),
      .optional("deadLatentRule", \.revival.deadLatentRule, absent: nil),
      .optional("resampling", \.revival.resampling, absent: nil),
      .optional("normalization", \.data.normalization, absent: .expectedAverageOnlyIn),
      .optional("takesLossInOriginalUnits", \.data.takesLossInOriginalUnits, absent: false),
      .optional("scaleTokens", \.data.scaleTokens, absent: 65536),
      .optional("bufferTokens", \.data.bufferTokens, absent: 65536),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: TrainingOptions(steps: 1))
    try revival.resampling?.check()
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
