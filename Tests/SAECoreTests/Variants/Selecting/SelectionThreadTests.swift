import SAECore
import SAETestSupport
import Testing

/// Whole training steps give the same bits for any number of threads.
@Suite struct SelectionThreadTests {
  private static let (tokens, width, latents) = (130, 24, 320)

  private static let weights: ParameterSet = [
    .encoder: .random(latents, width, seed: 1), .encoderBias: .random(1, latents, seed: 2),
    .decoder: .random(latents, width, seed: 3), .decoderBias: .random(1, width, seed: 4),
  ]

  /// Two steps with a third of the latents dead.
  private func check<Model: TrainableAutoencoder>(_ model: Model) throws {
    let x = Matrix.random(Self.tokens, Self.width, seed: 5)
    func run() throws -> (ParameterSet, [[LossTerm]]) {
      var trainer = Trainer(
        model, schedule: try .constant(1e-2),
        deadLatents: DeadLatents(
          sinceFiring: (0..<Self.latents).map { $0 % 3 == 0 ? 100 : 0 }, rule: .stepsBeforeBatch(50)
        ))
      let losses = try (0..<2).map { _ in try trainer.train(on: x).losses }
      return (trainer.model.parameters, losses)
    }
    let reference = try Threads.withCount(1, run)
    for threads in [2, 3, 7] {
      let other = try Threads.withCount(threads, run)
      #expect(other.0 == reference.0, "\(Model.self), \(threads) threads")
      #expect(other.1 == reference.1, "\(Model.self), \(threads) threads")
    }
  }

  @Test func selections() throws {
    var multi = TopKConfiguration.dictionaryLearning(k: 5)
    multi.multiTopK = MultiTopK()
    try check(TopKAutoencoder(parameters: Self.weights, configuration: multi))
    try check(
      BatchTopKAutoencoder(parameters: Self.weights, configuration: .saeLens(meanK: 5.5)))
    try check(
      BatchTopKAutoencoder(parameters: Self.weights, configuration: .dictionaryLearning(k: 5)))
    try check(AbsTopKAutoencoder(parameters: Self.weights, configuration: .saeLens(k: 5)))
    try check(GroupMaxAutoencoder(parameters: Self.weights, configuration: .sparsify(k: 5)))
    try check(
      Transcoder(parameters: Self.weights, configuration: TranscoderConfiguration(k: 5)))
  }

  @Test func matryoshka() throws {
    var configuration = MatryoshkaConfiguration.saeLens(meanK: 5, widths: [40, 100])
    try check(MatryoshkaAutoencoder(parameters: Self.weights, configuration: configuration))
    configuration.hasAuxiliaryLossPerLevel = true
    try check(MatryoshkaAutoencoder(parameters: Self.weights, configuration: configuration))
  }

  @Test func matchingPursuitAndVariational() throws {
    var decoder = Self.weights[.decoder]
    decoder.scale(by: 0.2)
    try check(
      MatchingPursuitAutoencoder(
        parameters: [.decoder: decoder, .decoderBias: Self.weights[.decoderBias]],
        configuration: MatchingPursuitConfiguration(maxIterations: 4)))
    try check(
      VariationalAutoencoder(
        parameters: Self.weights,
        configuration: VariationalConfiguration(
          k: 7, divergence: CoefficientSchedule(finalValue: 0.1))))
  }
}
