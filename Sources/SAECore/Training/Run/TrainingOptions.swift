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
  /// Steps over which the learning rate rises; nil takes a twentieth of all, at most 1000, and no more
  /// than ``decaySteps`` leave.
  public var warmUpSteps: Int?
  /// How it rises: the first step has its share, as in SAELens, or 0, as in dictionary_learning and
  /// sparsify.
  public var warmUp = LearningRateSchedule.WarmUp.fromFirstShare
  /// The learning rate between its rise and its fall.
  public var learningRateShape = LearningRateSchedule.Shape.constant
  /// Steps at the end over which the learning rate falls to 0; nil takes a fifth of all, no more than
  /// ``warmUpSteps`` leave, or none where a cosine ends at 0.
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
  /// models. Losses and errors are those of the normalized activations, as in Gao et al. 2024
  /// (arXiv 2406.04093, section 2.1): under a whitening or a scale of each token's own they say
  /// another thing than those of the activations as they are. Targets of a transcoder
  /// (``PairedActivations``) get numbers of their own.
  public var normalization = ActivationNormalization.centered
  /// Whether the loss takes the reconstruction error in the activations' own units where each token has
  /// a scale of its own, so that long tokens count more: SAELens with `layer_norm` and
  /// `constant_norm_rescale`. Goes without an auxiliary loss of dead latents, as there; latents and
  /// penalties on them, and what reports say of errors, stay those of the normalized activations.
  ///
  /// A ``GatedAutoencoder``'s gates reconstruct in the same units as its latents do; SAELens compares
  /// theirs, normalized, with the activations as they are.
  public var takesLossInOriginalUnits = false
  /// Rows that the normalization's numbers are measured on before the first step, from evenly spaced
  /// parts of the source.
  public var scaleTokens = 65536
  /// Rows that wait to be drawn, at most; see ``ShuffledActivations``.
  public var bufferTokens = 1 << 16

  /// Options for a number of steps.
  public init(steps: Int) { self.steps = steps }
}

extension TrainingOptions {
  private var defaultWarmUpSteps: Int {
    min(1000, steps / 20, max(0, steps - (decaySteps ?? 0)))
  }

  private func defaultDecaySteps(warmUpSteps: Int) -> Int {
    if case .cosine(let endRate, _) = learningRateShape, endRate <= 0 { return 0 }
    return min(steps / 5, max(0, steps - warmUpSteps))
  }

  private var defaultDeadLatentRule: DeadLatents.Rule {
    let (total, overflows) = steps.multipliedReportingOverflow(by: batchTokens)
    let share = overflows ? .max : max(batchTokens, total / 20)
    return .dictionaryLearning(tokens: min(10_000_000, share))
  }

  /// Throws where a number makes no sense, before anything is read or drawn.
  func check(latentCount: Int) throws(InvalidOption) {
    try InvalidOption.check("latentCount", latentCount, in: 1...Int(UInt32.max))
    try InvalidOption.check("steps", steps, in: 1...Int.max)
    try InvalidOption.check("batchTokens", batchTokens, in: 1...Int.max)
    try optimizer.check()
  }

  /// The same options with what was left to the library decided: what a run is made with, and a
  /// checkpoint holds, so that it goes on as it began where a later version decides otherwise.
  func decided(
    for configuration: some AutoencoderConfiguration, latentCount: Int, hasTargets: Bool
  ) -> TrainingOptions {
    var options = self
    options.learningRate =
      learningRate ?? optimizer.learningRate(configuration, latentCount: latentCount, steps: steps)
    let rise = warmUpSteps ?? defaultWarmUpSteps
    options.warmUpSteps = rise
    options.decaySteps = decaySteps ?? defaultDecaySteps(warmUpSteps: rise)
    options.deadLatentRule = deadLatentRule ?? defaultDeadLatentRule
    guard !hasTargets else { return options }
    options.weightInitialization = weightInitialization ?? configuration.weightInitialization
    options.decoderBiasInitialization =
      decoderBiasInitialization ?? configuration.decoderBiasInitialization
    return options
  }

  /// The same options with what was left to the library as other ones have it.
  func completed(by other: TrainingOptions) -> TrainingOptions {
    var options = self
    options.learningRate = learningRate ?? other.learningRate
    options.warmUpSteps = warmUpSteps ?? other.warmUpSteps
    options.decaySteps = decaySteps ?? other.decaySteps
    options.deadLatentRule = deadLatentRule ?? other.deadLatentRule
    options.weightInitialization = weightInitialization ?? other.weightInitialization
    options.decoderBiasInitialization = decoderBiasInitialization ?? other.decoderBiasInitialization
    return options
  }
}

extension TrainingOptions: Codable {
  private static var fields: SettingsFields<Self> {
    [
      .required("steps", \.steps),
      .required("batchTokens", \.batchTokens),
      .optional("learningRate", \.learningRate, absent: nil),
      .optional("optimizer", \.optimizer, absent: .adam(beta1: 0.9, epsilon: 1e-8)),
      .optional("averagingDecay", \.averagingDecay, absent: nil),
      .optional("warmUpSteps", \.warmUpSteps, absent: nil),
      .optional("warmUp", \.warmUp, absent: .fromFirstShare),
      .optional("learningRateShape", \.learningRateShape, absent: .constant),
      .optional("decaySteps", \.decaySteps, absent: nil),
      .optional("weightInitialization", \.weightInitialization, absent: nil),
      .optional("calibratesEncoder", \.calibratesEncoder, absent: false),
      .optional("decoderBiasInitialization", \.decoderBiasInitialization, absent: nil),
      .required("seed", \.seed),
      .optional("clippingNorm", \.clippingNorm, absent: 1),
      .optional("deadLatentRule", \.deadLatentRule, absent: nil),
      .optional("resampling", \.resampling, absent: nil),
      .optional("normalization", \.normalization, absent: .expectedAverageOnlyIn),
      .optional("takesLossInOriginalUnits", \.takesLossInOriginalUnits, absent: false),
      .optional("scaleTokens", \.scaleTokens, absent: 65536),
      .optional("bufferTokens", \.bufferTokens, absent: 65536),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: TrainingOptions(steps: 1))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
