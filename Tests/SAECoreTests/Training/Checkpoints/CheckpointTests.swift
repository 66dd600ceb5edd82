import SAECore
import SAETestSupport
import Testing

/// Runs that are interrupted and go on from files, in a new object, against runs that are not.
@Suite struct CheckpointTests {
  static let source = Matrix.random(700, 6, seed: 11)
  static let latents = 24
  static let half = 7

  /// More than an epoch in all, a buffer smaller than the source, and latents that die.
  static var options: TrainingOptions {
    var options = TrainingOptions(steps: 2 * half)
    options.batchTokens = 64
    options.data.bufferTokens = 300
    options.schedule.learningRate = 2e-2
    options.revival.deadLatentRule = .tokensIncludingBatch(128)
    options.data.scaleTokens = 500
    options.seed = 5
    return options
  }

  /// All numbers of a report, to the bit.
  static func bits(_ report: StepReport) -> [UInt64] {
    let numbers = [
      report.loss, report.totalSquaredError, report.gradientNorm, report.learningRate, report.l0,
      report.fractionOfVarianceExplained ?? -1, Double(report.deadCount), Double(report.number),
      Double(report.tokens),
    ]
    return (numbers + report.losses.map(\.value)).map(\.bitPattern)
  }

  static func bits(_ parameters: ParameterSet) -> [UInt32] {
    parameters.names.flatMap { parameters[$0].array.map(\.bitPattern) }
  }

  /// 2n steps, against n steps, a checkpoint on disk, and n steps.
  func goesOn<Model: TrainableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration, _ options: TrainingOptions = Self.options,
    latents: Int = Self.latents, on source: any ActivationSource = Self.source,
    targets: (any ActivationSource)? = nil, comment: Comment? = nil
  ) throws where Model.Configuration.Model == Model {
    let folder = try ScratchFolder()
    var whole = try TrainingRun<Model>(
      configuration, latentCount: latents, on: source, targets: targets, options: options)
    var reports: [[UInt64]] = []
    while let report = try whole.step() { reports.append(Self.bits(report)) }

    var first = try TrainingRun<Model>(
      configuration, latentCount: latents, on: source, targets: targets, options: options)
    for step in 0..<Self.half {
      #expect(Self.bits(try #require(try first.step())) == reports[step], comment)
    }
    let checkpoint = first.checkpoint(metadata: ["note": "n"])
    try checkpoint.write(to: folder.file("c"))
    // What goes on after it does not change it.
    _ = try first.step()
    let read = try TrainingCheckpoint(contentsOf: folder.file("c"))
    #expect(read.trainer == checkpoint.trainer, comment)
    #expect(read.position == checkpoint.position && read.scaling == checkpoint.scaling, comment)
    #expect(read.targetScaling == checkpoint.targetScaling, comment)
    #expect(read.run == checkpoint.run && read.metadata == ["note": "n"], comment)

    var second = try TrainingRun<Model>(
      configuration, latentCount: latents, on: source, targets: targets, options: options,
      from: read)
    #expect(second.trainer.step == Self.half && second.scaling == whole.scaling, comment)
    #expect(second.targetScaling == whole.targetScaling, comment)
    for step in Self.half..<2 * Self.half {
      #expect(Self.bits(try #require(try second.step())) == reports[step], comment)
    }
    #expect(try second.step() == nil, comment)
    let (one, other) = (whole.trainer.state, second.trainer.state)
    #expect(one == other, comment)
    #expect(Self.bits(one.parameters) == Self.bits(other.parameters), comment)
    for (name, set) in one.optimizer.parameters {
      #expect(try Self.bits(set) == Self.bits(other.optimizer.set(name, like: set)), comment)
    }
    guard whole.scaling.isFoldable else { return }
    #expect(
      Self.bits(try whole.folded().parameters) == Self.bits(try second.folded().parameters),
      comment)
  }

  @Test func selectingVariantsGoOn() throws {
    var multi = TopKConfiguration(k: 3)
    multi.multiTopK = MultiTopK()
    for (index, configuration) in [
      TopKConfiguration(k: 3), .saeLens(k: 3), .dictionaryLearning(k: 3), .sparsify(k: 3),
      multi,
    ].enumerated() {
      try goesOn(TopKAutoencoder.self, configuration, comment: "TopK \(index)")
    }
    for configuration in [
      BatchTopKConfiguration(meanK: 3), .saeLens(meanK: 3), .dictionaryLearning(k: 3),
    ] {
      try goesOn(BatchTopKAutoencoder.self, configuration)
    }
    var ofToken = MatryoshkaConfiguration(meanK: 3)
    ofToken.selection = .token
    ofToken.hasAuxiliaryLossPerLevel = true
    for configuration in [MatryoshkaConfiguration(meanK: 3), ofToken] {
      try goesOn(MatryoshkaAutoencoder.self, configuration)
    }
    var annealed = BatchTopKConfiguration(meanK: 3)
    annealed.annealing = .sparsify(steps: 11)
    try goesOn(BatchTopKAutoencoder.self, annealed)
    var sampled = MatryoshkaConfiguration(meanK: 3)
    sampled.levels = .sampled(3)
    try goesOn(MatryoshkaAutoencoder.self, sampled)
    try goesOn(AbsTopKAutoencoder.self, AbsTopKConfiguration(k: 3))
    try goesOn(GroupMaxAutoencoder.self, GroupMaxConfiguration(k: 3))
    try goesOn(Transcoder.self, TranscoderConfiguration(k: 3))
    try goesOn(HalvesAutoencoder.self, HalvesAutoencoder.Configuration(k: 2))
  }

  @Test func thresholdVariantsGoOn() throws {
    let coefficient = CoefficientSchedule(finalValue: 0.5, warmUpSteps: 10)
    let annealing = PAnnealing(to: 0.5, between: 2...11, updates: 4, queueLength: 3)
    for (index, configuration) in [
      .controlledL0(3), JumpReLUConfiguration(coefficient: coefficient),
      .saeLens(.quadratic(target: 3), coefficient: coefficient),
      .dictionaryLearning(coefficient: coefficient), .deepMind(coefficient: coefficient),
    ].enumerated() {
      try goesOn(JumpReLUAutoencoder.self, configuration, comment: "JumpReLU \(index)")
    }
    for configuration in [
      ReLUConfiguration(coefficient: coefficient), .dictionaryLearning(coefficient: coefficient),
      .pAnnealing(annealing, coefficient: coefficient),
      .pAnnealing(annealing, form: .powers, coefficient: coefficient),
    ] {
      try goesOn(ReLUAutoencoder.self, configuration)
    }
    for configuration in [
      GatedConfiguration(coefficient: coefficient), .saeLens(coefficient: coefficient),
      .pAnnealing(annealing, coefficient: coefficient),
    ] {
      try goesOn(GatedAutoencoder.self, configuration)
    }
  }

  @Test func otherVariantsGoOn() throws {
    try goesOn(MatchingPursuitAutoencoder.self, MatchingPursuitConfiguration(maxIterations: 3))
    try goesOn(MixtureAutoencoder.self, .switching(k: 2, experts: 4))
    try goesOn(MixtureAutoencoder.self, .scaling(k: 2, experts: 4, activeExperts: 2))
    let divergence = CoefficientSchedule(finalValue: 0.1, warmUpSteps: 10)
    var variational = VariationalConfiguration(k: 3, divergence: divergence)
    try goesOn(VariationalAutoencoder.self, variational)
    variational.learnsVariance = true
    try goesOn(VariationalAutoencoder.self, variational)
    var run = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 2), latentCount: 8, on: Self.source, options: Self.options)
    _ = try run.step()
    var options = Self.options
    options.data.normalization = .none
    try goesOn(TiedAutoencoder.self, TiedAutoencoder.Configuration(), options)
    try goesOn(
      BoostedAutoencoder<TopKAutoencoder, BatchTopKAutoencoder>.self,
      BoostingConfiguration(base: run.folded(), booster: BatchTopKConfiguration(meanK: 2)), options)
  }

  @Test(arguments: ActivationNormalization.allCases)
  func normalizedRunsGoOn(_ normalization: ActivationNormalization) throws {
    var options = Self.options
    options.data.normalization = normalization
    try goesOn(
      BatchTopKAutoencoder.self, BatchTopKConfiguration(meanK: 3), options,
      comment: "\(normalization)")
  }

  @Test func otherOptimizersGoOn() throws {
    var options = Self.options
    options.optimizer.algorithm = .scheduleFreeSignDescent
    try goesOn(TopKAutoencoder.self, TopKConfiguration(k: 3), options)
    options.optimizer.algorithm = .muon()
    try goesOn(TopKAutoencoder.self, TopKConfiguration(k: 3), options)
    options.optimizer.averagingDecay = 0.9
    for optimizer in [OptimizerChoice.adam(), .muon(), .scheduleFreeSignDescent] {
      options.optimizer.algorithm = optimizer
      try goesOn(BatchTopKAutoencoder.self, BatchTopKConfiguration(meanK: 3), options)
    }
    options.optimizer.averagingDecay = nil
    options.optimizer.algorithm = .adam(beta1: 0)
    options.optimizer.clippingNorm = nil
    try goesOn(
      GatedAutoencoder.self, .dictionaryLearning(coefficient: CoefficientSchedule(finalValue: 1)),
      options)
  }

  /// Before the first step, and after the last.
  @Test func runsGoOnFromEitherEnd() throws {
    func run(_ checkpoint: TrainingCheckpoint? = nil) throws -> TrainingRun<TopKAutoencoder> {
      if let checkpoint {
        return try TrainingRun(
          TopKConfiguration(k: 3), latentCount: Self.latents, on: Self.source,
          options: Self.options,
          from: checkpoint)
      }
      return try TrainingRun(
        TopKConfiguration(k: 3), latentCount: Self.latents, on: Self.source, options: Self.options)
    }
    var whole = try run()
    var other = try run(whole.checkpoint())
    #expect(other.checkpoint() == whole.checkpoint())
    while let report = try whole.step() {
      #expect(Self.bits(report) == Self.bits(try #require(try other.step())))
    }
    var ended = try run(whole.checkpoint())
    #expect(try ended.step() == nil)
    #expect(try ended.folded() == whole.folded())
  }

  /// Copies of a run go their own ways.
  @Test func aCopyOfARunStaysWhereItIs() throws {
    var one = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 3), latentCount: Self.latents, on: Self.source, options: Self.options)
    _ = try one.step()
    _ = try one.step()
    var other = one
    var reports: [[UInt64]] = []
    while let report = try one.step() { reports.append(Self.bits(report)) }
    for expected in reports { #expect(Self.bits(try #require(try other.step())) == expected) }
  }

  @Test func aTrainerGoesOnWithASkipConnection() throws {
    var generator = RandomGenerator(seed: 1)
    let configuration = TranscoderConfiguration(k: 2, hasSkipConnection: true)
    let (inputs, outputs) = (Matrix.random(40, 5, seed: 2), Matrix.random(40, 4, seed: 3))
    let model = try Transcoder(
      parameters: configuration.initialParameters(
        inputs: inputs, outputs: outputs, latentCount: 10, using: &generator),
      configuration: configuration)
    let dead = DeadLatents(latentCount: 10, rule: .tokensIncludingBatch(80))
    var whole = Trainer(model, schedule: try .constant(1e-2), deadLatents: dead)
    func step(_ trainer: inout Trainer<Transcoder>) throws -> [UInt64] {
      Self.bits(try trainer.train(on: inputs, target: outputs))
    }
    for _ in 0..<4 { _ = try step(&whole) }
    var other = Trainer(model, schedule: try .constant(1e-2), deadLatents: dead)
    try other.restore(whole.state)
    for _ in 0..<4 { #expect(try step(&whole) == step(&other)) }
    #expect(whole.state == other.state)
  }
}
