import SAETestSupport
import Testing

@testable import SAECore

/// Runs on activations whose mean is many times as long as their distance from it.
@Suite struct LargeMeanTests {
  static let width = 16
  static let distance = 3.0

  /// Sums of sparse features, and codes that make targets of them.
  static let world: (activations: Matrix, codes: Matrix) = {
    var generator = RandomGenerator(seed: 71)
    var features = Matrix(rows: 40, columns: width) { _, _ in Float(generator.gaussian()) }
    features.normalizeRows(normGuard: 0)
    let codes = Matrix(rows: 2000, columns: 40) { _, _ in
      generator.uniform() < 0.06 ? Float(4 * generator.uniform()) : 0
    }
    return (codes.multiplied(by: features), codes)
  }()

  /// So many mean distances further from 0, in one dimension or in all.
  static func shifted(_ rows: Matrix, by ratio: Double, inAll: Bool) -> Matrix {
    var rows = rows
    let size = Float(ratio * distance)
    rows.addToRows(
      (0..<rows.columns).map {
        inAll ? ($0 % 2 == 0 ? size : -size) / Float(rows.columns).squareRoot() : $0 == 5 ? size : 0
      })
    return rows
  }

  static var options: TrainingOptions {
    var options = TrainingOptions(steps: 300)
    options.batchTokens = 256
    options.schedule.learningRate = 3e-3
    return options
  }

  /// FVE and the share of latents that fire nowhere.
  static func outcome<Model: TrainableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration, on rows: Matrix
  ) throws -> (fve: Double, dead: Double) where Model.Configuration.Model == Model {
    var run = try TrainingRun<Model>(
      configuration, latentCount: 64, on: rows, options: options)
    while try run.step() != nil {}
    let model = try run.folded()
    let latents = try model.encode(rows)
    let counts = LatentActivity(latents).activeTokens
    var error = try model.reconstruct(rows, from: latents)
    error.add(rows, times: -1)
    return (
      1 - error.sumOfSquares() / rows.totalVariance(),
      Double(counts.count { $0 == 0 }) / Double(counts.count)
    )
  }

  @Test(arguments: [0.0, 10, 30, 100], [false, true])
  func topKLearnsWhatIsAroundTheMean(_ ratio: Double, inAll: Bool) throws {
    let rows = Self.shifted(Self.world.activations, by: ratio, inAll: inAll)
    let (fve, dead) = try Self.outcome(TopKAutoencoder.self, TopKConfiguration(k: 4), on: rows)
    #expect(fve > 0.8, "\(fve)")
    // There are half as many latents again as features: some find nothing, with a mean or without.
    let without = try Self.outcome(
      TopKAutoencoder.self, TopKConfiguration(k: 4), on: Self.world.activations)
    #expect(dead <= without.dead + 0.0625, "\(dead) for \(without.dead)")
  }

  /// Each variant explains no less, by more than seeds differ, than of the same without the mean.
  @Test func variantsLoseNothing() throws {
    let coefficient = CoefficientSchedule(finalValue: 1, warmUpSteps: 60)
    func check<Model: TrainableAutoencoder>(
      _: Model.Type, _ configuration: Model.Configuration
    ) throws where Model.Configuration.Model == Model {
      let without = try Self.outcome(Model.self, configuration, on: Self.world.activations)
      let rows = Self.shifted(Self.world.activations, by: 100, inAll: false)
      let with = try Self.outcome(Model.self, configuration, on: rows)
      #expect(with.fve > without.fve - 0.03, "\(Model.self) \(with.fve) for \(without.fve)")
    }
    try check(BatchTopKAutoencoder.self, BatchTopKConfiguration(meanK: 4))
    try check(MatryoshkaAutoencoder.self, MatryoshkaConfiguration(meanK: 4))
    try check(AbsTopKAutoencoder.self, AbsTopKConfiguration(k: 4))
    try check(GroupMaxAutoencoder.self, GroupMaxConfiguration(k: 4))
    try check(JumpReLUAutoencoder.self, .controlledL0(4))
    try check(GatedAutoencoder.self, GatedConfiguration(coefficient: coefficient))
    try check(ReLUAutoencoder.self, ReLUConfiguration(coefficient: coefficient))
    try check(
      MatchingPursuitAutoencoder.self, MatchingPursuitConfiguration(maxIterations: 4))
    try check(MixtureAutoencoder.self, .switching(k: 4, experts: 2))
  }

  /// Inputs and targets, each far from 0, with a linear path past the latents and without.
  @Test(arguments: [false, true]) func transcodersLoseNothing(hasSkipConnection: Bool) throws {
    var directions = Matrix.random(40, 12, seed: 72)
    directions.normalizeRows(normGuard: 0)
    let targets = Self.world.codes.multiplied(by: directions)
    func explained(_ ratio: Double) throws -> Double {
      let x = Self.shifted(Self.world.activations, by: ratio, inAll: false)
      let y = Self.shifted(targets, by: ratio, inAll: true)
      var run = try TrainingRun<Transcoder>(
        TranscoderConfiguration(k: 4, hasSkipConnection: hasSkipConnection), latentCount: 64,
        on: x, targets: y, options: Self.options)
      while try run.step() != nil {}
      var error = try run.folded().reconstruct(x)
      error.add(y, times: -1)
      return 1 - error.sumOfSquares() / y.totalVariance()
    }
    let without = try explained(0)
    #expect(without > 0.5)
    for ratio in [10.0, 100] { #expect(try explained(ratio) > without - 0.03) }
  }

  /// What is finished makes of raw activations what the model makes of centered ones; and fits them
  /// again.
  @Test func centersAreFolded() throws {
    let rows = Self.shifted(Self.world.activations, by: 2, inAll: true)
    let divergence = CoefficientSchedule(finalValue: 0.01)
    func check<Model: TrainableAutoencoder>(
      _: Model.Type, _ configuration: Model.Configuration
    ) throws where Model.Configuration.Model == Model {
      var options = Self.options
      options.steps = 5
      var run = try TrainingRun<Model>(configuration, latentCount: 64, on: rows, options: options)
      while try run.step() != nil {}
      let scaled = try run.scaling.scale(rows)
      let model = run.trainer.averagedModel
      let expected = try scaled.restored(model.reconstruct(scaled.activations))
      let finished = try run.folded()
      #expect(
        relativeDifference(try finished.reconstruct(rows).array, expected.array) < 2e-5,
        "\(Model.self)")
      let again = try finished.fitting(run.scaling).reconstruct(scaled.activations)
      #expect(
        relativeDifference(again.array, try model.reconstruct(scaled.activations).array) < 2e-5,
        "\(Model.self)")
    }
    try check(MatchingPursuitAutoencoder.self, MatchingPursuitConfiguration(maxIterations: 4))
    try check(MixtureAutoencoder.self, .scaling(k: 4, experts: 4, activeExperts: 2))
    try check(VariationalAutoencoder.self, VariationalConfiguration(k: 4, divergence: divergence))
    try check(JumpReLUAutoencoder.self, .deepMind(coefficient: divergence))
    let base = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 4), latentCount: 64, on: rows, options: Self.options
    ).trainer.averagedModel
    try check(
      BoostedAutoencoder<TopKAutoencoder, GatedAutoencoder>.self,
      BoostingConfiguration(base: base, booster: GatedConfiguration(coefficient: divergence)))
  }
}
