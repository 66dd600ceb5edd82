extension TrainingOptions {
  /// The learning rate of each step (``LearningRateSchedule``).
  public struct Schedule: Sendable, Equatable {
    /// The peak learning rate; nil takes the variant's own law, or that of an optimizer other than Adam.
    public var learningRate: Double?
    /// Steps over which the learning rate rises; nil takes a twentieth of all, at most 1000, and no more
    /// than ``decaySteps`` leave.
    public var warmUpSteps: Int?
    /// How it rises: the first step has its share, as in SAELens, or 0, as in dictionary_learning and
    /// sparsify.
    public var warmUp: LearningRateSchedule.WarmUp
    /// The learning rate between its rise and its fall.
    public var shape: LearningRateSchedule.Shape
    /// Steps at the end over which the learning rate falls to 0; nil takes a fifth of all, no more than
    /// ``warmUpSteps`` leave, or none where a cosine ends at 0.
    public var decaySteps: Int?

    /// A schedule of the given parts; see the properties.
    public init(
      learningRate: Double? = nil, warmUpSteps: Int? = nil,
      warmUp: LearningRateSchedule.WarmUp = .fromFirstShare,
      shape: LearningRateSchedule.Shape = .constant, decaySteps: Int? = nil
    ) {
      self.learningRate = learningRate
      self.warmUpSteps = warmUpSteps
      self.warmUp = warmUp
      self.shape = shape
      self.decaySteps = decaySteps
    }
  }

  /// What changes the parameters by their gradients.
  public struct Optimization: Sendable, Equatable {
    /// The optimizer.
    public var algorithm: OptimizerChoice
    /// Decay of an exponential average of the parameters over the steps. The average is then the model of
    /// the run; nil for none. OpenAI's is 0.999.
    public var averagingDecay: Double?
    /// Bound on the norm of all gradients together; nil for none.
    public var clippingNorm: Double?

    /// An optimizer of the given parts; see the properties.
    public init(
      _ algorithm: OptimizerChoice = .adam(), averagingDecay: Double? = nil,
      clippingNorm: Double? = 1
    ) {
      self.algorithm = algorithm
      self.averagingDecay = averagingDecay
      self.clippingNorm = clippingNorm
    }
  }

  /// What becomes of dead latents; an auxiliary loss for them belongs to the variant's configuration.
  public struct Revival: Sendable, Equatable {
    /// When a latent that does not fire counts as dead; nil takes the rule of dictionary_learning's BatchTopK with
    /// ten million tokens, or a twentieth of a shorter run: dead latents that are never noticed stay
    /// dead.
    public var deadLatentRule: DeadLatents.Rule?
    /// When dead latents are given new directions, if at all; warms the learning rate up again.
    public var resampling: Resampling?

    /// A revival of the given parts; see the properties.
    public init(deadLatentRule: DeadLatents.Rule? = nil, resampling: Resampling? = nil) {
      self.deadLatentRule = deadLatentRule
      self.resampling = resampling
    }
  }

  /// How activations are read and scaled.
  public struct Data: Sendable, Equatable {
    /// How activations are brought to a common scale, so that one learning rate serves all layers and
    /// models. Losses and errors are those of the normalized activations, as in Gao et al. 2024 (arXiv
    /// 2406.04093, section 2.1): under a whitening, or where each token has a scale of its own, they differ
    /// from those of the activations as they are. Targets of a transcoder get numbers of their own.
    public var normalization: ActivationNormalization
    /// Whether the loss takes the reconstruction error in the activations' own units where each token has
    /// a scale of its own, so that long tokens count more: SAELens with `layer_norm` and
    /// `constant_norm_rescale`. Goes without an auxiliary loss of dead latents, as there; latents and
    /// penalties on them, and what reports say of errors, stay those of the normalized activations.
    ///
    /// A ``GatedAutoencoder``'s gates reconstruct in the same units as its latents do; SAELens compares
    /// theirs, normalized, with the activations as they are.
    public var takesLossInOriginalUnits: Bool
    /// Rows that the normalization's numbers are measured on before the first step, from evenly spaced
    /// parts of the source.
    public var scaleTokens: Int
    /// The largest number of rows that wait to be drawn; see ``ShuffledActivations``.
    public var bufferTokens: Int

    /// Data of the given settings; see the properties.
    public init(
      normalization: ActivationNormalization = .centered, takesLossInOriginalUnits: Bool = false,
      scaleTokens: Int = 65536, bufferTokens: Int = 65536
    ) {
      self.normalization = normalization
      self.takesLossInOriginalUnits = takesLossInOriginalUnits
      self.scaleTokens = scaleTokens
      self.bufferTokens = bufferTokens
    }
  }

  /// What the parameters begin as.
  public struct Beginning: Sendable, Equatable {
    /// How the weights begin; nil takes what the variant recommends.
    public var weights: WeightInitialization?
    /// How b_dec begins; nil takes what the variant recommends.
    public var decoderBias: DecoderBiasInitialization?
    /// Whether W_enc is divided, before the first step, by the mean norm of what 256 random directions of
    /// norm 1 are reconstructed as, b_dec being added before and subtracted after, so that
    /// reconstructions begin at about the right length: OpenAI.
    public var calibratesEncoder: Bool

    /// A beginning of the given parts; see the properties.
    public init(
      weights: WeightInitialization? = nil, decoderBias: DecoderBiasInitialization? = nil,
      calibratesEncoder: Bool = false
    ) {
      self.weights = weights
      self.decoderBias = decoderBias
      self.calibratesEncoder = calibratesEncoder
    }
  }
}
