import SAECore
import SAETestSupport
import Testing

/// What a model encodes and reconstructs is what its training step saw, for every variant: no norm,
/// bias or scale is applied on one of the ways alone.
@Suite struct EncodeAgreementTests {
  static let x = Matrix.random(40, 8, seed: 41)

  static func check<Model: TrainableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration,
    encode: (Model, Matrix) throws -> SparseLatents = { try $0.encode($1) }
  ) throws {
    let comment: Comment = "\(Model.self)"
    var generator = RandomGenerator(seed: 42)
    var weights = try WeightInitialization.randomDirections(rowNorm: 0.7).parameters(
      inputDimension: 8, latentCount: 32, using: &generator)
    weights[.decoderBias] = .random(1, 8, seed: 43)
    weights[.decoder].scaleRows(by: (0..<32).map { 0.5 + Float($0) / 16 })
    weights[.encoderBias] = Matrix(rows: 1, columns: 32, repeating: -0.4)
    var model = try Model(
      parameters: configuration.initialParameters(weights, batch: x), configuration: configuration)
    var gradients = model.parameters.zeros()
    let pass = try model.computeGradients(
      of: TrainingBatch(
        activations: x, deadLatents: DeadLatents(latentCount: 32, rule: .never)), into: &gradients)
    let latents = try encode(model, x)
    if let seen = pass.latents {
      #expect(seen.dense() == latents.dense(), comment)
    } else {
      #expect(pass.activity.activeTokens == LatentActivity(latents).activeTokens, comment)
    }
    let error = zip(try model.reconstruct(x, from: latents).array, x.array)
      .reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    #expect(abs(pass.totalSquaredError / error - 1) < 1e-5, comment)
  }

  @Test func everyVariant() throws {
    let schedule = CoefficientSchedule(finalValue: 0.5)
    for configuration in [
      TopKConfiguration(k: 3), .dictionaryLearning(k: 3), .sparsify(k: 3),
      .openAI(k: 3, loss: .squaredErrorPerToken),
    ] {
      try Self.check(TopKAutoencoder.self, configuration)
    }
    for configuration in [BatchTopKConfiguration(meanK: 3), .dictionaryLearning(k: 3)] {
      try Self.check(BatchTopKAutoencoder.self, configuration) { try $0.encodeAsBatch($1) }
    }
    var matryoshka = MatryoshkaConfiguration(meanK: 3)
    try Self.check(MatryoshkaAutoencoder.self, matryoshka) { try $0.encodeAsBatch($1) }
    matryoshka.selection = .token
    try Self.check(MatryoshkaAutoencoder.self, matryoshka)
    try Self.check(AbsTopKAutoencoder.self, AbsTopKConfiguration(k: 3))
    try Self.check(GroupMaxAutoencoder.self, GroupMaxConfiguration(k: 4))
    try Self.check(
      MatchingPursuitAutoencoder.self, MatchingPursuitConfiguration(maxIterations: 3))
    try Self.check(Transcoder.self, TranscoderConfiguration(k: 3))
    try Self.check(MixtureAutoencoder.self, .switching(k: 3, experts: 4))
    for configuration in [
      ReLUConfiguration(coefficient: schedule), .dictionaryLearning(coefficient: schedule),
    ] {
      try Self.check(ReLUAutoencoder.self, configuration)
    }
    for configuration in [
      GatedConfiguration(coefficient: schedule), .dictionaryLearning(coefficient: schedule),
    ] {
      try Self.check(GatedAutoencoder.self, configuration)
    }
    for configuration in [
      JumpReLUConfiguration(coefficient: schedule), .saeLens(coefficient: schedule),
      .dictionaryLearning(coefficient: schedule), .deepMind(coefficient: schedule),
      .controlledL0(4), .anthropic(coefficient: schedule),
    ] {
      try Self.check(JumpReLUAutoencoder.self, configuration)
    }
  }
}
