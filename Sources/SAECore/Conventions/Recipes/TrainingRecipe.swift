/// All settings of a training that goes as another library's own trainer would run it.
///
///     var recipe = TrainingRecipe.dictionaryLearning(topK: 32, steps: 20_000)
///     recipe.options.seed = 7
///     var run = try TrainingRun(recipe, latentCount: 16_384, on: activations)
///
/// A recipe takes the variant's preset and sets every option that the library's trainer decides: schedule,
/// optimizer, clipping, dead latents, resampling, normalization, and what weights and b_dec begin as. All of it
/// can be changed before the run begins. Where no law gives a learning rate, the recipe asks for it; where a
/// library's training takes no account of dead latents, they are counted as in any run.
public struct TrainingRecipe<Configuration: AutoencoderConfiguration>: Sendable, Equatable {
  /// The variant's settings.
  public var configuration: Configuration
  /// The settings of the run.
  public var options: TrainingOptions
  /// η of a peak learning rate of η √(2¹⁴ / latents), where ``options`` give no
  /// ``TrainingOptions/Schedule/learningRate``; nil leaves the rate to the options.
  ///
  /// Source: the law of Gao et al. 2024, arXiv 2406.04093, appendix A.3.
  public var scaledLearningRate: Double?

  /// A recipe of the given parts; see the properties.
  public init(
    _ configuration: Configuration, options: TrainingOptions, scaledLearningRate: Double? = nil
  ) {
    self.configuration = configuration
    self.options = options
    self.scaledLearningRate = scaledLearningRate
  }

  /// The options of a run with so many latents: those of ``options``, with the learning rate that
  /// ``scaledLearningRate`` gives.
  public func options(latentCount: Int) -> TrainingOptions {
    var options = options
    options.schedule.learningRate =
      options.schedule.learningRate
      ?? scaledLearningRate.map { AutomaticLearningRate.scaled($0, max(1, latentCount)) }
    return options
  }
}

extension TrainingOptions.Beginning {
  /// What a configuration recommends, whatever becomes of the configuration.
  init(of configuration: some AutoencoderConfiguration) {
    self.init(
      weights: configuration.weightInitialization,
      decoderBias: configuration.decoderBiasInitialization)
  }
}
