import SAECore
import SAETestSupport
import Testing

/// Every option, set off its default, changes something that can be seen: an option that never reaches
/// the model would look like one that makes no difference. The options are those that a type has, so
/// that none can be added without a place here.
@Suite struct OptionsReachTests {
  /// Norms differ along the source, so that it matters where statistics are taken.
  static let source: Matrix = {
    var rows = Matrix.random(400, 8, seed: 31)
    rows.scaleRows(by: (0..<400).map { 1 + Float($0) / 40 })
    rows.addToRows([1, 0, -1, 2, 0, 0, 3, 0])
    return rows
  }()

  static func options(steps: Int = 8) -> TrainingOptions {
    var options = TrainingOptions(steps: steps)
    options.batchTokens = 32
    options.schedule.learningRate = 2e-2
    options.schedule.warmUpSteps = 2
    options.schedule.decaySteps = 2
    options.revival.deadLatentRule = .tokensIncludingBatch(32)
    return options
  }

  static func names(_ value: Any) -> Set<String> {
    Set(Mirror(reflecting: value).children.compactMap(\.label))
  }

  /// Names of options, those of groups after the group's.
  static func names(_ options: TrainingOptions) -> Set<String> {
    let all = Mirror(reflecting: options).children.map { child -> [String] in
      let label = child.label ?? ""
      let isGroup = "\(type(of: child.value))" != "Int" && "\(type(of: child.value))" != "UInt64"
      return isGroup ? names(child.value as Any).map { "\(label).\($0)" } : [label]
    }
    return Set(all.joined())
  }

  /// All that a run gives, to the bit.
  static func outcome<Model: TrainableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration, _ options: TrainingOptions
  ) throws -> [UInt64] where Model.Configuration.Model == Model {
    var run = try TrainingRun<Model>(
      configuration, latentCount: 48, on: source, options: options)
    var bits: [UInt64] = []
    while let report = try run.step() {
      bits += report.losses.map(\.value.bitPattern)
      bits.append(report.gradientNorm.bitPattern)
      bits.append(UInt64(report.deadCount))
    }
    let finished = try run.autoencoder().encode(source)
    bits += finished.values.map { UInt64($0.bitPattern) }
    let trained = run.trainer.averagedModel
    for name in trained.parameters.names {
      bits += trained.parameters[name].array.map { UInt64($0.bitPattern) }
    }
    for (_, values) in trained.trainingState.sorted(by: { $0.key < $1.key }) {
      bits += values.map(\.bitPattern)
    }
    return bits
  }

  /// Each edit against the base.
  static func check<Model: TrainableAutoencoder>(
    _: Model.Type, _ base: Model.Configuration, steps: Int = 8,
    _ edits: [String: (inout Model.Configuration) throws -> Void]
  ) throws where Model.Configuration.Model == Model {
    #expect(names(base) == Set(edits.keys), "\(Model.self)")
    let expected = try outcome(Model.self, base, options(steps: steps))
    for (name, edit) in edits {
      var configuration = base
      try edit(&configuration)
      #expect(
        try outcome(Model.self, configuration, options(steps: steps)) != expected,
        "\(Model.self).\(name)")
    }
  }

  @Test func trainingOptions() throws {
    let edits: [String: (inout TrainingOptions) throws -> Void] = [
      "steps": { $0.steps = 9 },
      "batchTokens": { $0.batchTokens = 33 },
      "schedule.learningRate": { $0.schedule.learningRate = 1e-2 },
      "optimizer.algorithm": { $0.optimizer.algorithm = .adam(beta1: 0) },
      "optimizer.averagingDecay": { $0.optimizer.averagingDecay = 0.9 },
      "schedule.warmUpSteps": { $0.schedule.warmUpSteps = 3 },
      "schedule.warmUp": { $0.schedule.warmUp = .fromZero },
      "schedule.shape": { $0.schedule.shape = .cosine(endRate: 1e-3) },
      "schedule.decaySteps": { $0.schedule.decaySteps = 3 },
      "beginning.weights": { $0.beginning.weights = .encoderFirst },
      "beginning.calibratesEncoder": { $0.beginning.calibratesEncoder = true },
      "beginning.decoderBias": { $0.beginning.decoderBias = .mean },
      "seed": { $0.seed = 1 },
      "optimizer.clippingNorm": { $0.optimizer.clippingNorm = 1e-3 },
      "revival.deadLatentRule": {
        $0.revival.deadLatentRule = .openAI(batchTokens: 32, tokens: 96)
      },
      "revival.resampling": {
        $0.revival.resampling = Resampling(convention: .dictionaryLearning, period: 4)
      },
      "data.normalization": { $0.data.normalization = .layerNorm },
      "data.scaleTokens": { $0.data.scaleTokens = 64 },
      "data.bufferTokens": { $0.data.bufferTokens = 300 },
    ]
    let base = Self.options()
    #expect(Self.names(base) == Set(edits.keys).union(["data.takesLossInOriginalUnits"]))
    var configuration = TopKConfiguration(k: 2)
    configuration.rescalesByDecoderNorm = false
    // Clipping must act, and Adam would hide a factor that is the same in all steps.
    let expected = try Self.outcome(TopKAutoencoder.self, configuration, base)
    for (name, edit) in edits {
      var options = base
      try edit(&options)
      #expect(
        try Self.outcome(TopKAutoencoder.self, configuration, options) != expected, "\(name)")
    }
    // Goes with a scale of each token's own, and without an auxiliary loss.
    configuration.auxiliaryLoss = nil
    var options = base
    options.data.normalization = .constantNormRescale
    let normalized = try Self.outcome(TopKAutoencoder.self, configuration, options)
    options.data.takesLossInOriginalUnits = true
    #expect(try Self.outcome(TopKAutoencoder.self, configuration, options) != normalized)
  }

  @Test func selectingVariants() throws {
    let annealing = KAnnealing(steps: 4)
    try Self.check(
      TopKAutoencoder.self, TopKConfiguration(k: 2),
      [
        "k": { $0.k = 3 }, "subtractsDecoderBias": { $0.subtractsDecoderBias = false },
        "rescalesByDecoderNorm": { $0.rescalesByDecoderNorm = false },
        "reconstructionLoss": { $0.reconstructionLoss = .fractionOfVarianceUnexplained },
        "auxiliaryLoss": { $0.auxiliaryLoss = nil },
        "decoderConstraint": { $0.decoderConstraint = .unitRowsBeforeStep },
        "thresholdAverage": { $0.thresholdAverage = ThresholdAverage() },
        "annealing": { $0.annealing = annealing }, "multiTopK": { $0.multiTopK = MultiTopK() },
      ])
    try Self.check(
      BatchTopKAutoencoder.self, BatchTopKConfiguration(meanK: 2),
      [
        "meanK": { $0.meanK = 2.5 }, "subtractsDecoderBias": { $0.subtractsDecoderBias = false },
        "rescalesByDecoderNorm": { $0.rescalesByDecoderNorm = false },
        "reconstructionLoss": { $0.reconstructionLoss = .scaledMean(scale: 3) },
        "auxiliaryLoss": { $0.auxiliaryLoss = .openAI },
        "decoderConstraint": { $0.decoderConstraint = .unitRowsAfterStep },
        "thresholdAverage": { $0.thresholdAverage.rate = 0.5 },
        "annealing": { $0.annealing = annealing },
      ])
    try Self.check(
      MatryoshkaAutoencoder.self, MatryoshkaConfiguration(meanK: 2),
      [
        "meanK": { $0.meanK = 3 }, "selection": { $0.selection = .token },
        "levels": { $0.levels = .halving(2) }, "weighting": { $0.weighting = .meanOfMeans },
        "subtractsDecoderBias": { $0.subtractsDecoderBias = false },
        "rescalesByDecoderNorm": { $0.rescalesByDecoderNorm = false },
        "reconstructionLoss": { $0.reconstructionLoss = .fractionOfVarianceUnexplained },
        "auxiliaryLoss": { $0.auxiliaryLoss = AuxiliaryLoss() },
        "hasAuxiliaryLossPerLevel": { $0.hasAuxiliaryLossPerLevel = true },
        "decoderConstraint": { $0.decoderConstraint = .unitRowsBeforeForward },
        "thresholdAverage": { $0.thresholdAverage.beginsAtZero = true },
        "annealing": { $0.annealing = annealing },
      ])
  }

  @Test func thresholdVariants() throws {
    let schedule = CoefficientSchedule(finalValue: 0.5)
    let other = CoefficientSchedule(finalValue: 0.7)
    let annealing = PAnnealing(to: 0.5, between: 1...6, updates: 3, queueLength: 2)
    // A penalty that keeps latents inactive, so that some are dead.
    try Self.check(
      ReLUAutoencoder.self, ReLUConfiguration(coefficient: CoefficientSchedule(finalValue: 20)),
      steps: 40,
      [
        "penalty": { $0.penalty = .plainL1 }, "coefficient": { $0.coefficient = other },
        "annealing": { $0.annealing = annealing },
        "auxiliaryLoss": { $0.auxiliaryLoss = AuxiliaryLoss(.ghost, coefficient: 1) },
        "subtractsDecoderBias": { $0.subtractsDecoderBias = false },
        "reconstructionLoss": { $0.reconstructionLoss = .fractionOfVarianceUnexplained },
        "decoderConstraint": { $0.decoderConstraint = .exactUnitRowsAfterStep },
        "weightInitialization": { $0.weightInitialization = .saeLens },
        "decoderBiasInitialization": { $0.decoderBiasInitialization = .zeros },
      ])
    try Self.check(
      GatedAutoencoder.self, GatedConfiguration(coefficient: schedule),
      [
        "penalty": { $0.penalty = .plainL1 }, "coefficient": { $0.coefficient = other },
        "annealing": { $0.annealing = annealing },
        "auxiliaryTrainsDecoder": { $0.auxiliaryTrainsDecoder.toggle() },
        "subtractsDecoderBias": { $0.subtractsDecoderBias = false },
        "reconstructionLoss": { $0.reconstructionLoss = .fractionOfVarianceUnexplained },
        "decoderConstraint": { $0.decoderConstraint = .exactUnitRowsAfterStep },
        "decoderBiasInitialization": { $0.decoderBiasInitialization = .zeros },
      ])
    try Self.check(
      JumpReLUAutoencoder.self, JumpReLUConfiguration(coefficient: schedule),
      [
        "sparsityLoss": { $0.sparsityLoss = .quadratic(target: 3) },
        "coefficient": { $0.coefficient = other }, "bandwidth": { $0.bandwidth = 1 },
        "initialThreshold": { $0.initialThreshold = 0.2 }, "initialL0": { $0.initialL0 = 5 },
        "estimator": { $0.estimator = .threshold },
        "parametrization": { $0.parametrization = .logarithmic },
        "preActivationLoss": {
          $0.preActivationLoss = .init(coefficient: 0.1, isForDeadLatents: false)
        },
        "auxiliaryLoss": { $0.auxiliaryLoss = AuxiliaryLoss(.rawScores, coefficient: 1) },
        "subtractsDecoderBias": { $0.subtractsDecoderBias = false },
        "reconstructionLoss": { $0.reconstructionLoss = .fractionOfVarianceUnexplained },
        "decoderConstraint": { $0.decoderConstraint = .unitRowsAfterStep },
      ])
  }
}
