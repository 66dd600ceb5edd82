import SAETestSupport
import Testing

@testable import SAECore

/// Recipes against what is known of each library's trainer.
@Suite struct TrainingRecipeTests {
  @Test func saeLensTrainsAtAConstantRate() throws {
    let recipe = TrainingRecipe.saeLens(topK: 5, learningRate: 3e-4, steps: 100, batchTokens: 64)
    #expect(recipe.configuration == .saeLens(k: 5))
    #expect(recipe.scaledLearningRate == nil)
    let options = recipe.options
    #expect(options.steps == 100 && options.batchTokens == 64)
    #expect(try schedule(options) == .saeLens(peak: 3e-4, totalSteps: 100))
    #expect(options.optimizer == .init(.adam(beta1: 0.9, epsilon: 1e-8), clippingNorm: 1))
    #expect(options.revival == .init(deadLatentRule: .stepsBeforeBatch(1000)))
    #expect(options.data.normalization == .none)
    #expect(
      options.beginning
        == .init(weights: .uniformEntries(rowNorm: 0.1), decoderBias: .zeros))
  }

  @Test func saeLensVariantsDifferInTheConfigurationAlone() throws {
    let options = TrainingRecipe.saeLens(topK: 5, learningRate: 1e-3, steps: 9).options
    let batchTopK = TrainingRecipe.saeLens(batchTopK: 5.5, learningRate: 1e-3, steps: 9)
    #expect(batchTopK.configuration == .saeLens(meanK: 5.5) && batchTopK.options == options)
    let matryoshka = TrainingRecipe.saeLens(
      matryoshka: 5, widths: [4, 8], learningRate: 1e-3, steps: 9)
    #expect(matryoshka.configuration == .saeLens(meanK: 5, widths: [4, 8]))
    #expect(matryoshka.options == options)
    let absTopK = TrainingRecipe.saeLens(absTopK: 5, learningRate: 1e-3, steps: 9)
    #expect(absTopK.configuration == .saeLens(k: 5) && absTopK.options == options)
    let jumpReLU = TrainingRecipe.saeLens(
      jumpReLU: 2, loss: .tanh(scale: 4), learningRate: 1e-3, steps: 9)
    let two = CoefficientSchedule(finalValue: 2)
    #expect(jumpReLU.configuration == .saeLens(.tanh(scale: 4), coefficient: two))
    #expect(jumpReLU.options == options)
    let gated = TrainingRecipe.saeLens(gated: 2, learningRate: 1e-3, steps: 9)
    #expect(gated.configuration == .saeLens(coefficient: two) && gated.options == options)
    let reLU = TrainingRecipe.saeLens(reLU: 2, exponent: 0.5, learningRate: 1e-3, steps: 9)
    #expect(reLU.configuration == .saeLens(coefficient: two, exponent: 0.5))
    #expect(reLU.options == options)
  }

  @Test func dictionaryLearningsTopKFamilyFollowsTheLaw() throws {
    let topK = TrainingRecipe.dictionaryLearning(topK: 5, steps: 4000)
    let options = topK.options(latentCount: 4096)
    // Half the root of the latents, so twice the rate.
    #expect(options.schedule.learningRate == 4e-4)
    #expect(try schedule(options) == .dictionaryLearning(peak: 4e-4, totalSteps: 4000))
    #expect(options.optimizer == .init(.adam(beta1: 0.9, epsilon: 1e-8), clippingNorm: 1))
    #expect(
      options.revival.deadLatentRule == .tokensIncludingBatch(10_000_000, firing: .selected))
    #expect(
      options.beginning
        == .init(weights: .uniformEntries(rowNorm: 1), decoderBias: .geometricMedian))
    #expect(topK.configuration == .dictionaryLearning(k: 5))

    var others = options
    others.revival.deadLatentRule = .tokensIncludingBatch(10_000_000, firing: .active)
    let batchTopK = TrainingRecipe.dictionaryLearning(batchTopK: 5, steps: 4000)
    #expect(batchTopK.configuration == .dictionaryLearning(k: 5))
    #expect(batchTopK.options(latentCount: 4096) == others)
    let matryoshka = TrainingRecipe.dictionaryLearning(
      matryoshka: 5, fractions: [0.5, 0.5], steps: 4000)
    #expect(matryoshka.configuration == .dictionaryLearning(k: 5, fractions: [0.5, 0.5]))
    #expect(matryoshka.options(latentCount: 4096) == others)
  }

  @Test func dictionaryLearningsOtherTrainersHaveRatesOfTheirOwn() throws {
    let jumpReLU = TrainingRecipe.dictionaryLearning(jumpReLU: 20, steps: 4000)
    #expect(jumpReLU.options.schedule.learningRate == 7e-5)
    #expect(jumpReLU.options.optimizer == .init(.adam(beta1: 0), clippingNorm: 1))
    #expect(jumpReLU.options.revival.deadLatentRule == .tokensIncludingBatch(10_000_000))
    #expect(jumpReLU.options.data.normalization == .unitMeanSquaredNorm)
    #expect(
      jumpReLU.options.beginning
        == .init(weights: .uniformEntries(rowNorm: 1), decoderBias: .zeros))
    #expect(
      jumpReLU.configuration
        == .dictionaryLearning(
          targetL0: 20, coefficient: CoefficientSchedule(finalValue: 1, warmUpSteps: 2000)))

    let penalty = CoefficientSchedule(finalValue: 0.1, warmUpSteps: 2000)
    let gated = TrainingRecipe.dictionaryLearning(gated: 0.1, steps: 4000)
    #expect(gated.configuration == .dictionaryLearning(coefficient: penalty))
    #expect(gated.options.schedule.learningRate == 5e-5)
    #expect(gated.options.optimizer == .init(.adam(beta1: 0), clippingNorm: nil))
    #expect(
      gated.options.beginning
        == .init(weights: .randomDirections(rowNorm: 1), decoderBias: .zeros))

    let reLU = TrainingRecipe.dictionaryLearning(
      reLU: 0.1, resamplingPeriod: 3000, steps: 4000)
    #expect(reLU.configuration == .dictionaryLearning(coefficient: penalty))
    #expect(reLU.options.schedule.learningRate == 1e-3)
    #expect(reLU.options.optimizer == .init(.adam(beta1: 0.9), clippingNorm: nil))
    #expect(
      reLU.options.revival.resampling
        == Resampling(convention: .dictionaryLearning, period: 3000))
    #expect(
      reLU.options.beginning
        == .init(weights: .randomDirections(rowNorm: 0.1), decoderBias: .zeros))
  }

  @Test func exponentsFallInRecipesWithAnAnnealing() throws {
    let penalty = CoefficientSchedule(finalValue: 0.1, warmUpSteps: 2000)
    let annealing = PAnnealing(to: 0.5, between: 1500...3999)
    let reLU = TrainingRecipe.dictionaryLearning(reLU: 0.1, annealing: annealing, steps: 4000)
    #expect(reLU.configuration == .pAnnealing(annealing, coefficient: penalty))
    #expect(reLU.options.schedule.learningRate == 1e-3)
    let gated = TrainingRecipe.dictionaryLearning(
      gated: 0.1, annealing: annealing, steps: 4000)
    #expect(gated.configuration == .pAnnealing(annealing, form: .powers, coefficient: penalty))
    #expect(gated.options.schedule.learningRate == 3e-4)
  }

  @Test func sparsifyDescendsBySigns() throws {
    let recipe = TrainingRecipe.sparsify(topK: 5, steps: 3000)
    #expect(recipe.configuration == .sparsify(k: 5))
    let options = recipe.options(latentCount: 65_536)
    #expect(options.optimizer == .init(.scheduleFreeSignDescent, clippingNorm: nil))
    #expect((0..<3000).allSatisfy { (try? schedule(options).rate(at: $0)) == 2.5e-3 })
    #expect(
      options.revival.deadLatentRule == .tokensBeforeBatch(10_000_000, firing: .selected))
    #expect(options.data.normalization == .none)
    #expect(options.beginning == .init(weights: .encoderFirst, decoderBias: .mean))

    let adam = TrainingRecipe.sparsify(groupMax: 4, usesAdam: true, steps: 3000)
    #expect(adam.configuration == .sparsify(k: 4))
    #expect(
      try schedule(adam.options(latentCount: 65_536)) == .sparsify(peak: 1e-4, totalSteps: 3000))
    #expect(adam.options.optimizer == .init(.adam(), clippingNorm: nil))

    let transcoder = TrainingRecipe.sparsify(transcoder: 4, hasSkipConnection: true, steps: 3000)
    #expect(transcoder.configuration == .sparsify(k: 4, hasSkipConnection: true))
    // Transcoders have a beginning of their own.
    #expect(transcoder.options.beginning == .init())
  }

  @Test func openAIAveragesAndCalibrates() throws {
    let sample = Matrix.random(300, 6, seed: 61)
    let recipe = try TrainingRecipe.openAI(topK: 2, sample: sample, steps: 100)
    let options = recipe.options
    #expect(options.batchTokens == 131_072)
    #expect(
      options.optimizer
        == .init(.adam(epsilon: 6.25e-10), averagingDecay: 0.999, clippingNorm: nil))
    #expect(try schedule(options) == .saeLens(peak: 1e-4, totalSteps: 100))
    #expect(options.revival.deadLatentRule == .stepsIncludingBatch(76, firing: .above(1e-3)))
    #expect(options.data.normalization == .layerNorm)
    #expect(
      options.beginning
        == .init(
          weights: .encoderFirst, decoderBias: .geometricMedian, calibratesEncoder: true))
    // Tokens of deviation 1 have a variance of (width − 1) / width in each dimension.
    guard case .scaledMean(let scale) = recipe.configuration.reconstructionLoss else {
      Issue.record("another loss")
      return
    }
    #expect(abs(scale - 1.2) < 0.02)
    #expect(recipe.configuration == .openAI(k: 2, loss: .scaledMean(scale: scale)))
  }

  @Test func gemmaScopeAndAnthropicWarmTheirCoefficientUp() throws {
    let deepMind = TrainingRecipe.deepMind(jumpReLU: 6e-4, steps: 50_000)
    #expect(
      deepMind.configuration
        == .deepMind(coefficient: CoefficientSchedule(finalValue: 6e-4, warmUpSteps: 10_000)))
    #expect(
      try schedule(deepMind.options)
        == .saeLens(peak: 7e-5, totalSteps: 50_000, warmUpSteps: 1000))
    #expect(deepMind.options.batchTokens == 4096)
    #expect(
      deepMind.options.optimizer == .init(.adam(beta1: 0, epsilon: 1e-8), clippingNorm: nil))
    #expect(deepMind.options.data.normalization == .unitMeanSquaredNorm)
    #expect(
      deepMind.options.beginning
        == .init(weights: .uniformEntries(rowNorm: 1), decoderBias: .zeros))

    let anthropic = TrainingRecipe.anthropic(jumpReLU: 5, learningRate: 2e-4, steps: 1000)
    #expect(
      anthropic.configuration
        == .anthropic(coefficient: CoefficientSchedule(finalValue: 5, warmUpSteps: 1000)))
    #expect(
      try schedule(anthropic.options) == .saeLens(peak: 2e-4, totalSteps: 1000, decaySteps: 200))
    #expect(anthropic.options.optimizer == .init(.adam(), clippingNorm: 1))
    #expect(anthropic.options.data.normalization == .expectedAverageOnlyIn)
    #expect(
      anthropic.options.beginning == .init(weights: .scaledTranspose, decoderBias: .zeros))
  }

  @Test func aRateThatIsSetCountsInThePlaceOfTheLaw() {
    var recipe = TrainingRecipe.dictionaryLearning(topK: 5, steps: 4000)
    recipe.options.schedule.learningRate = 1e-2
    #expect(recipe.options(latentCount: 4096).schedule.learningRate == 1e-2)
  }

  /// The optimizer and clipping of the recipe that trains what a peer's case trains are those of the case.
  @Test(arguments: try EncoderFixture.all()) func optimizersAreThoseOfTheCases(
    _ fixture: EncoderFixture
  ) throws {
    guard let options = try options(of: fixture) else { return }
    guard case .adam(let beta1, let epsilon) = options.optimizer.algorithm else {
      #expect(fixture.text("hyper_parameters.optimizer") == "signum")
      return
    }
    if fixture.peer == "sparsify" {
      #expect(fixture.text("hyper_parameters.optimizer") == "adam")
    } else {
      #expect(Float(fixture.number("hyper_parameters.adam_betas.0") ?? -1) == beta1)
      #expect(Float(fixture.number("hyper_parameters.adam_eps") ?? -1) == epsilon)
    }
    #expect(fixture.number("hyper_parameters.grad_clip") == options.optimizer.clippingNorm)
  }

  private func options(of fixture: EncoderFixture) throws -> TrainingOptions? {
    let usesAdam = fixture.text("hyper_parameters.optimizer") != "signum"
    return switch (fixture.peer, PeerSuite.allCases.first { $0.accepts(fixture.variant) }) {
    case ("SAELens", .topK): TrainingRecipe.saeLens(topK: 5, learningRate: 1, steps: 9).options
    case ("SAELens", .batchTopK):
      TrainingRecipe.saeLens(batchTopK: 5, learningRate: 1, steps: 9).options
    case ("SAELens", .matryoshka):
      TrainingRecipe.saeLens(matryoshka: 5, widths: [8], learningRate: 1, steps: 9).options
    case ("SAELens", .absTopK):
      TrainingRecipe.saeLens(absTopK: 5, learningRate: 1, steps: 9).options
    case ("SAELens", .jumpReLU):
      TrainingRecipe.saeLens(jumpReLU: 1, learningRate: 1, steps: 9).options
    case ("SAELens", .gated):
      TrainingRecipe.saeLens(gated: 1, learningRate: 1, steps: 9).options
    case ("SAELens", .relu): TrainingRecipe.saeLens(reLU: 1, learningRate: 1, steps: 9).options
    case ("dictionary_learning", .topK):
      TrainingRecipe.dictionaryLearning(topK: 5, steps: 9).options
    case ("dictionary_learning", .batchTopK):
      TrainingRecipe.dictionaryLearning(batchTopK: 5, steps: 9).options
    case ("dictionary_learning", .matryoshka):
      TrainingRecipe.dictionaryLearning(matryoshka: 5, fractions: [1], steps: 9).options
    case ("dictionary_learning", .jumpReLU):
      TrainingRecipe.dictionaryLearning(jumpReLU: 5, steps: 9).options
    case ("dictionary_learning", .gated):
      TrainingRecipe.dictionaryLearning(gated: 1, steps: 9).options
    // Its April update is another trainer.
    case ("dictionary_learning", .relu) where !fixture.name.contains("april"):
      TrainingRecipe.dictionaryLearning(reLU: 1, steps: 9).options
    case ("sparsify", .topK), ("sparsify", .multiTopK), ("sparsify", .signDescent):
      TrainingRecipe.sparsify(topK: 5, usesAdam: usesAdam, steps: 9).options
    case ("sparsify", .groupMax):
      TrainingRecipe.sparsify(groupMax: 5, usesAdam: usesAdam, steps: 9).options
    case ("sparsify", .skipTranscoder):
      TrainingRecipe.sparsify(transcoder: 5, usesAdam: usesAdam, steps: 9).options
    default: nil
    }
  }
}

/// The learning rates of options that leave none open.
private func schedule(_ options: TrainingOptions) throws -> LearningRateSchedule {
  let schedule = options.schedule
  return try LearningRateSchedule(
    peak: try #require(schedule.learningRate), totalSteps: options.steps,
    warmUpSteps: try #require(schedule.warmUpSteps), warmUp: schedule.warmUp,
    decaySteps: try #require(schedule.decaySteps), shape: schedule.shape)
}
