/// The settings of a run that do not belong to a variant.
public struct TrainingOptions: Sendable, Equatable {
  /// Steps to make.
  public var steps: Int
  /// Tokens a step.
  public var batchTokens = 4096
  /// Peak learning rate; nil takes the variant's own law, or that of an optimizer other than Adam.
  public var learningRate: Double?
  /// What changes parameters by their gradients.
  public var optimizer = OptimizerChoice.adam()
  /// Decay of an exponential average of the parameters over the steps, which then is what is finished
  /// (``AveragedOptimizer``); nil for none. OpenAI's is 0.999.
  public var averagingDecay: Double?
  /// Steps over which the learning rate rises; nil takes a twentieth of all, at most 1000.
  public var warmUpSteps: Int?
  /// How it rises: the first step has its share, as in SAELens, or 0, as in dictionary_learning and
  /// sparsify.
  public var warmUp = LearningRateSchedule.WarmUp.fromFirstShare
  /// The learning rate between its rise and its fall.
  public var learningRateShape = LearningRateSchedule.Shape.constant
  /// Steps at the end over which the learning rate falls to 0; nil takes a fifth of all, or none where
  /// a cosine ends at 0.
  public var decaySteps: Int?
  /// How the weights begin; nil takes what the variant recommends.
  public var weightInitialization: WeightInitialization?
  /// Whether W_enc is divided, before the first step, by the mean norm of what 256 random directions of
  /// norm 1 are reconstructed as, b_dec being added before and subtracted after, so that
  /// reconstructions begin at about the right length: OpenAI.
  public var calibratesEncoder = false
  /// How b_dec begins; nil takes what the variant recommends.
  public var decoderBiasInitialization: DecoderBiasInitialization?
  /// Equal seeds give equal bits.
  public var seed: UInt64 = 0
  /// Bound on the norm of all gradients together; nil for none.
  public var clippingNorm: Double? = 1
  /// When a silent latent counts as dead; nil takes the rule of dictionary_learning's BatchTopK with
  /// ten million tokens, or a twentieth of a shorter run: dead latents that are never noticed stay
  /// dead.
  public var deadLatentRule: DeadLatents.Rule?
  /// When dead latents are given new directions, if at all; warms the learning rate up again.
  public var resampling: Resampling?
  /// How activations are brought to a common scale, so that one learning rate serves all layers and
  /// models. Losses and errors are those of the normalised activations, as in Gao et al. 2024
  /// (arXiv 2406.04093, section 2.1): under a whitening or a scale of each token's own they say
  /// another thing than those of the activations as they are. Targets of a transcoder
  /// (``PairedActivations``) get a factor of their own.
  public var normalization = ActivationNormalization.expectedAverageOnlyIn
  /// Whether the loss takes the reconstruction error in the activations' own units where each token has
  /// a scale of its own, so that long tokens count more: SAELens with `layer_norm` and
  /// `constant_norm_rescale`. Goes without an auxiliary loss of dead latents, as there; latents and
  /// penalties on them, and what reports say of errors, stay those of the normalised activations.
  ///
  /// A ``GatedAutoencoder``'s gates reconstruct in the same units as its latents do; SAELens compares
  /// theirs, normalised, with the activations as they are.
  public var takesLossInOriginalUnits = false
  /// Rows that the normalisation's numbers are measured on before the first step, from evenly spaced
  /// parts of the source.
  public var scaleTokens = 65536
  /// Rows that wait to be drawn, at most; see ``ShuffledActivations``.
  public var bufferTokens = 1 << 16

  /// Options for a number of steps.
  public init(steps: Int) { self.steps = steps }

  /// Counters for a run's beginning.
  func deadLatents(_ latentCount: Int) -> DeadLatents {
    DeadLatents(latentCount: latentCount, rule: deadLatentRule ?? defaultDeadLatentRule)
  }

  private var defaultDeadLatentRule: DeadLatents.Rule {
    let (total, overflows) = steps.multipliedReportingOverflow(by: batchTokens)
    let share = overflows ? .max : max(batchTokens, total / 20)
    return .dictionaryLearning(tokens: min(10_000_000, share))
  }

  /// The learning rate of each step.
  ///
  /// - Throws: ``InvalidOption`` if phases are longer than the run.
  func schedule(peak: Double) throws(InvalidOption) -> LearningRateSchedule {
    var decay = steps / 5
    if case .cosine(let endRate, _) = learningRateShape, endRate <= 0 { decay = 0 }
    return try LearningRateSchedule(
      peak: peak, totalSteps: steps, warmUpSteps: warmUpSteps ?? min(1000, steps / 20),
      warmUp: warmUp, decaySteps: decaySteps ?? decay, shape: learningRateShape,
      warmUpPeriod: resampling?.period)
  }
}
