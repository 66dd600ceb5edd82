import SAETestSupport
import Testing

@testable import SAECore

/// Where nothing but the reconstruction error is in the loss, and a token's latents depend on the token
/// alone, loss and gradients of a weighted batch are the weighted means of those of its tokens.
@Suite struct ErrorWeightSumTests {
  private let weights = ErrorWeightTests.weights

  private func gradients<Model: TrainableAutoencoder>(
    _ model: Model, _ x: Matrix, _ weights: [Float]?
  ) throws -> (pass: TrainingPass, gradients: ParameterSet) {
    var model = model
    var gradients = model.parameters.zeros()
    let batch = TrainingBatch(
      activations: x, errorWeights: weights,
      deadLatents: DeadLatents(latentCount: model.latentCount, rule: .never))
    let pass = try model.computeGradients(of: batch, into: &gradients)
    return (pass, gradients)
  }

  /// - Parameter tokens: whose weights are not 0.
  private func check<Model: TrainableAutoencoder>(
    _ model: Model, width: Int = 6, tokens: Range<Int> = 0..<7
  ) throws {
    try model.checkErrorWeights()
    let x = Matrix.random(7, width, seed: 3)
    let w = weights.indices.map { tokens.contains($0) ? weights[$0] : 0 }
    let batch = try gradients(model, x, w)
    var expected = model.parameters.zeros()
    var loss = 0.0
    for token in tokens {
      let one = try gradients(model, Matrix(x[rows: token..<token + 1]), nil)
      loss += Double(w[token]) / 7 * one.pass.totalLoss
      for name in expected.names {
        expected[name].add(one.gradients[name], times: w[token] / 7)
      }
    }
    #expect(abs(batch.pass.totalLoss - loss) <= 1e-5 * loss, "\(Model.self)")
    for name in expected.names {
      expectClose(
        batch.gradients[name].array, expected[name].array, tolerance: 1e-5,
        "\(Model.self): \(name)")
    }
    // The report's error is not weighted.
    let plain = try gradients(model, x, nil)
    let total = plain.pass.totalSquaredError
    #expect(abs(batch.pass.totalSquaredError - total) <= 1e-6 * total, "\(Model.self)")
    // Weights of 1 are none.
    let ones = try gradients(model, x, [Float](repeating: 1, count: 7))
    #expect(ones.gradients == plain.gradients)
    #expect(
      abs(ones.pass.totalLoss - plain.pass.totalLoss) <= 1e-6 * plain.pass.totalLoss,
      "\(Model.self)")
    for threads in [1, 3, 7] {
      let again = try Threads.withCount(threads) { try gradients(model, x, w) }
      #expect(again.gradients == batch.gradients, "\(Model.self): \(threads) threads")
      #expect(again.pass.losses == batch.pass.losses, "\(Model.self): \(threads) threads")
    }
  }

  private let parameters = ErrorWeightTests.selecting(20, 6)

  @Test func selectingVariants() throws {
    var topK = TopKConfiguration(k: 4)
    topK.auxiliaryLoss = nil
    try check(TopKAutoencoder(parameters: parameters, configuration: topK))
    topK.multiTopK = MultiTopK()
    topK.reconstructionLoss = .scaledMean(scale: 3)
    try check(TopKAutoencoder(parameters: parameters, configuration: topK))
    // All that is positive is selected: a token's latents are its own.
    var batchTopK = BatchTopKConfiguration(meanK: 20)
    batchTopK.auxiliaryLoss = nil
    try check(BatchTopKAutoencoder(parameters: parameters, configuration: batchTopK))
    var absTopK = AbsTopKConfiguration(k: 4)
    absTopK.auxiliaryLoss = nil
    try check(AbsTopKAutoencoder(parameters: parameters, configuration: absTopK))
    var groupMax = GroupMaxConfiguration(k: 4)
    groupMax.auxiliaryLoss = nil
    try check(GroupMaxAutoencoder(parameters: parameters, configuration: groupMax))
    var matryoshka = MatryoshkaConfiguration(meanK: 5)
    matryoshka.levels = .widths([3, 11])
    matryoshka.selection = .token
    matryoshka.auxiliaryLoss = nil
    try check(MatryoshkaAutoencoder(parameters: parameters, configuration: matryoshka))
  }

  @Test(arguments: [true, false]) func thresholdVariants(isDense: Bool) throws {
    let none = CoefficientSchedule(finalValue: 0)
    try ForcedDensity.$isDense.withValue(isDense) {
      try check(
        ReLUAutoencoder(
          parameters: ErrorWeightTests.threshold(21, [.encoderBias]),
          configuration: ReLUConfiguration(coefficient: none)), width: 5)
      try check(
        GatedAutoencoder(
          parameters: ErrorWeightTests.threshold(
            22, [.gateBias, .magnitudeBias, .magnitudeScale]),
          configuration: GatedConfiguration(coefficient: none)), width: 5)
      // Windows wide enough that thresholds get gradients.
      for estimator in JumpReLUGradientTests.estimators {
        var configuration = JumpReLUConfiguration(coefficient: none)
        configuration.bandwidth = 1
        configuration.estimator = estimator
        configuration.preActivationLoss = nil
        configuration.parametrization = .free
        try check(
          JumpReLUAutoencoder(
            parameters: ErrorWeightTests.threshold(23, [.encoderBias, .threshold]),
            configuration: configuration), width: 5)
      }
    }
  }

  @Test func otherVariants() throws {
    var decoder = parameters[.decoder]
    decoder.scale(by: 0.3)
    try check(
      MatchingPursuitAutoencoder(
        parameters: [.decoder: decoder, .decoderBias: parameters[.decoderBias]],
        configuration: MatchingPursuitConfiguration(maxIterations: 4)))
    // The first token's noise is that of a batch of one.
    try check(
      VariationalAutoencoder(
        parameters: parameters,
        configuration: VariationalConfiguration(
          k: 7, divergence: CoefficientSchedule(finalValue: 0))), tokens: 0..<1)
    var topK = TopKConfiguration(k: 4)
    topK.auxiliaryLoss = nil
    try check(
      BoostedAutoencoder<TopKAutoencoder, TopKAutoencoder>(
        parameters: ErrorWeightTests.selecting(9, 6),
        configuration: BoostingConfiguration(
          base: TopKAutoencoder(parameters: parameters, configuration: topK), booster: topK)))
  }

  @Test func mixture() throws {
    var configuration = MixtureConfiguration.scaling(k: 4, experts: 4, activeExperts: 2)
    configuration.balanceCoefficient = 0
    try check(try MixtureTests.model(1, configuration), width: 5)
  }

  @Test func whatDoesNotGoWithWeightsIsRefused() throws {
    var topK = TopKConfiguration(k: 4)
    func refusal() throws -> String? {
      let model = try TopKAutoencoder(parameters: parameters, configuration: topK)
      return refusedOption { try model.checkErrorWeights() }
    }
    #expect(try refusal() == "auxiliaryLoss")
    topK.auxiliaryLoss = nil
    #expect(try refusal() == nil)
    topK.reconstructionLoss = .fractionOfVarianceUnexplained
    #expect(try refusal() == "reconstructionLoss")
  }
}
