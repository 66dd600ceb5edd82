import SAETestSupport
import Testing

@testable import SAECore

/// A run begins with every recipe, and its first steps are finite.
@Suite struct RecipeRunTests {
  private let activations = Matrix.random(400, 8, seed: 71)

  /// Begins a run and makes two steps; returns the learning rate of the second.
  @discardableResult
  private func run<Configuration: AutoencoderConfiguration>(
    _ recipe: TrainingRecipe<Configuration>, targets: Matrix? = nil
  ) throws -> Double {
    var run = try TrainingRun(recipe, latentCount: 24, on: activations, targets: targets)
    #expect(run.model.configuration == recipe.configuration)
    _ = try run.step()
    let report = try #require(try run.step())
    #expect(report.loss.isFinite)
    return report.learningRate
  }

  @Test func saeLens() throws {
    try run(.saeLens(topK: 3, learningRate: 1e-3, steps: 10, batchTokens: 64))
    try run(.saeLens(batchTopK: 3, learningRate: 1e-3, steps: 10, batchTokens: 64))
    try run(
      .saeLens(matryoshka: 3, widths: [8, 16], learningRate: 1e-3, steps: 10, batchTokens: 64))
    try run(.saeLens(absTopK: 3, learningRate: 1e-3, steps: 10, batchTokens: 64))
    try run(.saeLens(jumpReLU: 1, learningRate: 1e-3, steps: 10, batchTokens: 64))
    try run(.saeLens(gated: 1, learningRate: 1e-3, steps: 10, batchTokens: 64))
    let rate = try run(.saeLens(reLU: 1, learningRate: 1e-3, steps: 10, batchTokens: 64))
    #expect(rate == 1e-3)
  }

  @Test func dictionaryLearning() throws {
    let rate = try run(.dictionaryLearning(topK: 3, steps: 1000, batchTokens: 64))
    // The second of a thousand steps, at the law's rate for 24 latents.
    let peak = 2e-4 / (24.0 / 16384).squareRoot()
    #expect(abs(rate / (peak / 1000) - 1) < 1e-12)
    try run(.dictionaryLearning(batchTopK: 3, steps: 1000, batchTokens: 64))
    try run(
      .dictionaryLearning(matryoshka: 3, fractions: [0.25, 0.75], steps: 1000, batchTokens: 64))
    try run(.dictionaryLearning(jumpReLU: 3, steps: 1000, batchTokens: 64))
    try run(.dictionaryLearning(gated: 0.1, steps: 1000, batchTokens: 64))
    try run(
      .dictionaryLearning(reLU: 0.1, resamplingPeriod: 1500, steps: 1000, batchTokens: 64))
    // A warm-up of a thousand steps does not fit into fewer.
    #expect(
      refusedOption { try run(.dictionaryLearning(topK: 3, steps: 999)) } == "warmUpSteps")
    var short = TrainingRecipe.dictionaryLearning(topK: 3, steps: 10, batchTokens: 64)
    short.options.schedule.warmUpSteps = 2
    try run(short)
  }

  @Test func sparsify() throws {
    try run(.sparsify(topK: 3, steps: 10, batchTokens: 64))
    try run(.sparsify(topK: 3, usesAdam: true, steps: 10, batchTokens: 64))
    try run(.sparsify(groupMax: 3, steps: 10, batchTokens: 64))
    try run(
      .sparsify(transcoder: 3, hasSkipConnection: true, steps: 10, batchTokens: 64),
      targets: Matrix.random(400, 5, seed: 72))
  }

  @Test func openAIDeepMindAndAnthropic() throws {
    try run(.openAI(topK: 3, sample: activations, steps: 10, batchTokens: 64))
    try run(.deepMind(jumpReLU: 1e-3, steps: 1000, batchTokens: 64))
    try run(.anthropic(jumpReLU: 5, learningRate: 1e-3, steps: 10, batchTokens: 64))
  }
}
