import SAECore
import SAETestSupport
import Testing

/// Autoencoders trained on activations made from known features have these for their directions.
@Suite struct RecoveryTests {
  /// A variant with settings, trained on activations to give its directions.
  struct Subject: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let train: @Sendable (any ActivationSource, TrainingOptions) throws -> Matrix

    init<Model: TrainableAutoencoder>(
      _ name: String, _ model: Model.Type, _ configuration: Model.Configuration
    ) where Model.Configuration.Model == Model {
      testDescription = name
      train = { source, options in
        var run = try TrainingRun<Model>(
          configuration, latentCount: 64, on: source, options: options)
        while try run.step() != nil {}
        return try run.folded().parameters[.decoder]
      }
    }
  }

  static func subjects() throws -> [Subject] {
    let coefficient = CoefficientSchedule(finalValue: 3, warmUpSteps: 200)
    let divergence = CoefficientSchedule(finalValue: 1e-3, warmUpSteps: 200)
    var straightThrough = ProLUConfiguration(coefficient: coefficient)
    straightThrough.estimator = .straightThrough
    return [
      Subject("TopK", TopKAutoencoder.self, TopKConfiguration(k: 3)),
      Subject("BatchTopK", BatchTopKAutoencoder.self, BatchTopKConfiguration(meanK: 3)),
      Subject("Matryoshka", MatryoshkaAutoencoder.self, MatryoshkaConfiguration(meanK: 3)),
      Subject("AbsTopK", AbsTopKAutoencoder.self, AbsTopKConfiguration(k: 3)),
      Subject("GroupMax", GroupMaxAutoencoder.self, GroupMaxConfiguration(k: 4)),
      Subject("JumpReLU at an L0", JumpReLUAutoencoder.self, .controlledL0(3)),
      Subject(
        "JumpReLU", JumpReLUAutoencoder.self,
        JumpReLUConfiguration(
          coefficient: CoefficientSchedule(finalValue: 0.3, warmUpSteps: 200))),
      Subject("Gated", GatedAutoencoder.self, GatedConfiguration(coefficient: coefficient)),
      Subject("ReLU", ReLUAutoencoder.self, ReLUConfiguration(coefficient: coefficient)),
      Subject("ProLU", ProLUAutoencoder.self, ProLUConfiguration(coefficient: coefficient)),
      Subject("ProLU, straight through", ProLUAutoencoder.self, straightThrough),
      Subject(
        "matching pursuit", MatchingPursuitAutoencoder.self,
        MatchingPursuitConfiguration(maxIterations: 3)),
      Subject(
        "mixture of experts", MixtureAutoencoder.self,
        .scaling(k: 3, experts: 4, activeExperts: 2)),
      Subject(
        "variational", VariationalAutoencoder.self,
        VariationalConfiguration(k: 3, divergence: divergence)),
    ]
  }

  /// 48 features in 32 dimensions, three active on a token.
  private func world() throws -> SyntheticActivations {
    var options = SyntheticOptions(width: 32, featureCount: 48, l0: 3)
    options.zipfExponent = 0.5
    options.topicCount = 4
    options.correlation = 0.3
    options.noise = 0.02
    return try SyntheticActivations(options, seed: 1)
  }

  private var options: TrainingOptions {
    var options = TrainingOptions(steps: 400)
    options.batchTokens = 256
    options.schedule.learningRate = 1e-2
    return options
  }

  /// The mean over features of the largest |cosine| to a direction.
  private func meanMaximumCosine(_ features: Matrix, _ directions: Matrix) -> Double {
    var directions = directions
    directions.normalizeRows(normGuard: 1e-12)
    let cosines = Matrix.product(features.view, directions.transposed)
    let largest = (0..<cosines.rows).map { row in
      (0..<cosines.columns).reduce(0.0) { max($0, Double(abs(cosines[row, $1]))) }
    }
    return largest.reduce(0, +) / Double(largest.count)
  }

  @Test(arguments: try subjects()) func findsTheFeatures(of subject: Subject) throws {
    let world = try world()
    var untrained = options
    untrained.steps = 1
    let activations = world.sample(0..<30_000).activations
    let before = meanMaximumCosine(world.features, try subject.train(activations, untrained))
    let after = meanMaximumCosine(world.features, try subject.train(activations, options))
    #expect(before < 0.6)
    #expect(after > 0.9)
  }

  /// A transcoder's directions are those of what it is to put out.
  @Test func transcodersFindTheTargetsFeatures() throws {
    let world = try world()
    let sample = world.sample(0..<30_000)
    var features = Matrix.random(48, 20, seed: 9)
    features.normalizeRows(normGuard: 0)
    let targets = sample.features.decoded(by: features, bias: [Float](repeating: 0, count: 20))
    var run = try TrainingRun<Transcoder>(
      TranscoderConfiguration(k: 3), latentCount: 64, on: sample.activations,
      targets: targets, options: options)
    while try run.step() != nil {}
    #expect(meanMaximumCosine(features, try run.folded().decoder) > 0.9)
  }

  /// What a pretrained autoencoder has no directions for, a booster has.
  @Test func boostersFindTheFeaturesThatTheBaseIsWithout() throws {
    let world = try world()
    let known = Matrix(world.features[rows: 0..<24])
    let base = try MatchingPursuitAutoencoder(
      parameters: [.decoder: known, .decoderBias: Matrix(rows: 1, columns: 32)],
      configuration: MatchingPursuitConfiguration(maxIterations: 2))
    var run = try TrainingRun<BoostedAutoencoder<MatchingPursuitAutoencoder, TopKAutoencoder>>(
      BoostingConfiguration(base: base, booster: TopKConfiguration(k: 3)), latentCount: 64,
      on: world.sample(0..<30_000).activations, options: options)
    while try run.step() != nil {}
    let directions = try run.folded().booster.decoder
    let new = Matrix(world.features[rows: 24..<48])
    #expect(meanMaximumCosine(known, directions) < 0.6)
    #expect(meanMaximumCosine(new, directions) > 0.9)
  }
}
