/// The settings of a ``JumpReLUAutoencoder``. Defaults are the recommended ones; each library's own
/// conventions are ``saeLens(_:coefficient:)``, ``dictionaryLearning(targetL0:coefficient:)``,
/// ``deepMind(coefficient:)`` and ``anthropic(coefficient:)``; ``controlledL0(_:)`` needs no coefficient.
public struct JumpReLUConfiguration: Sendable, Equatable {
  public typealias Model = JumpReLUAutoencoder

  /// The term that keeps latents sparse; λ is ``coefficient``, L0 the number of active latents of a
  /// token.
  public enum SparsityLoss: Sendable, Equatable, Codable {
    /// λ · mean L0.
    ///
    /// Source: Rajamanoharan et al. 2024, arXiv 2407.14435, section 3.
    case step
    /// λ · mean of (2/T) (L0 − T)², T the target: SAELens' `quadratic`, Gemma Scope 2.
    case quadratic(target: Double)
    /// λ ((mean L0)/T − 1)²: dictionary_learning.
    case targetL0(Double)
    /// λ · mean of Σ_i tanh(κ z_i n_i), n the decoder rows' norms and κ the scale.
    ///
    /// Source: Conerly et al. 2025, "Dictionary Learning Optimization Techniques".
    case tanh(scale: Double)
    /// The step penalty at a price found anew in each step, and thresholds steered to a target L0:
    /// see ``JumpReLUConfiguration/controlledL0(_:)``. λ is not used.
    case controlledL0(target: Double)
  }

  /// Where the straight-through estimator of the jump sends gradients.
  ///
  /// With the window K = 1[|h − θ| < ε/2], for a gradient G_z of the latents: to the threshold
  /// −(θ/ε) K G_z and, if it reaches the input, to h (θ/ε) K G_z beside the exact part; for a
  /// gradient V of the step 1[h > θ]: −(1/ε) K V, and (1/ε) K V.
  public enum Estimator: Sendable, Equatable, Codable {
    /// To the threshold alone: DeepMind, SAELens' default.
    case threshold
    /// To threshold and pre-activation: Anthropic, SAELens' `jumprelu_ste_to_input`.
    case thresholdAndInput
    /// To the threshold alone, the step taken of the latent z instead of h: K = 1[|z − θ| < ε/2],
    /// in which every inactive latent (z = 0) lies once θ < ε/2. dictionary_learning.
    case thresholdByLatents
  }

  /// The parameter that the optimizer changes.
  public enum Parametrization: Sendable, Equatable, Codable {
    /// θ, held at 0 or above before each forward pass: SAELens.
    case clamped
    /// θ, free: dictionary_learning.
    case free
    /// log θ: the papers, SAELens before 6.20. Adam then moves θ by a factor of at most e^η per step.
    case logarithmic
  }

  /// The loss that revives inactive latents: coefficient · mean of Σ_i n_i max(θ_i − h_i, 0).
  ///
  /// Source: Conerly et al. 2025, "Dictionary Learning Optimization Techniques".
  public struct PreActivationLoss: Sendable, Equatable, Codable {
    /// The factor of the loss.
    public let coefficient: Double
    /// Whether only latents that count as dead take part: SAELens. All of them: Anthropic.
    public let isForDeadLatents: Bool

    /// The loss multiplied by `coefficient`, over dead latents alone or over all.
    public init(coefficient: Double = 3e-6, isForDeadLatents: Bool = true) {
      self.coefficient = coefficient
      self.isForDeadLatents = isForDeadLatents
    }
  }

  /// The term that keeps active latents few.
  public var sparsityLoss: SparsityLoss
  /// λ. Anthropic warms it up over the whole run.
  public var coefficient: CoefficientSchedule
  /// ε, the width of the estimator's window, in the units of pre-activations: the recommended value
  /// is for activations scaled to norm √width.
  public var bandwidth: Float
  /// The first value of thresholds, in the same units.
  public var initialThreshold: Float
  /// Latents that are to be active on a token of the first batch, on average: b_enc begins where each
  /// latent is active on as large a share of its tokens. nil leaves b_enc at 0; Anthropic's is 10000.
  public var initialL0: Double?
  /// Which parameters the straight-through estimators reach.
  public var estimator: Estimator
  /// How the thresholds are kept positive.
  public var parametrization: Parametrization
  /// nil leaves inactive latents alone.
  public var preActivationLoss: PreActivationLoss?
  /// The loss that revives dead latents with the error of the others, as for ``TopKConfiguration``.
  public var auxiliaryLoss: AuxiliaryLoss?
  /// Whether b_dec is subtracted from the activations before encoding.
  public var subtractsDecoderBias: Bool
  /// The scale of the reconstruction error.
  public var reconstructionLoss: ReconstructionLoss
  /// The constraint that keeps decoder rows at unit norm.
  public var decoderConstraint: DecoderConstraint

  /// A sparsity loss multiplied by `coefficient`; the other settings have their defaults unless given.
  public init(
    sparsityLoss: SparsityLoss = .tanh(scale: 4), coefficient: CoefficientSchedule,
    bandwidth: Float = 2, initialThreshold: Float = 0.1, initialL0: Double? = nil,
    estimator: Estimator = .thresholdAndInput, parametrization: Parametrization = .clamped,
    preActivationLoss: PreActivationLoss? = PreActivationLoss(),
    auxiliaryLoss: AuxiliaryLoss? = nil, subtractsDecoderBias: Bool = true,
    reconstructionLoss: ReconstructionLoss = .squaredErrorPerToken,
    decoderConstraint: DecoderConstraint = .none
  ) {
    self.sparsityLoss = sparsityLoss
    self.coefficient = coefficient
    self.bandwidth = bandwidth
    self.initialThreshold = initialThreshold
    self.initialL0 = initialL0
    self.estimator = estimator
    self.parametrization = parametrization
    self.preActivationLoss = preActivationLoss
    self.auxiliaryLoss = auxiliaryLoss
    self.subtractsDecoderBias = subtractsDecoderBias
    self.reconstructionLoss = reconstructionLoss
    self.decoderConstraint = decoderConstraint
  }
}

extension JumpReLUConfiguration {
  /// The settings of an autoencoder whose training nobody knows, such as one from files: those of SAELens'
  /// step loss, λ being 1.
  static var unknownTraining: JumpReLUConfiguration {
    JumpReLUConfiguration(
      sparsityLoss: .step, coefficient: .one, bandwidth: 0.05, initialThreshold: 0.01,
      estimator: .threshold, preActivationLoss: nil)
  }
}

extension JumpReLUConfiguration: ThresholdingConfiguration {
  /// Unit rows where the decoder is held at them, else small ones.
  public var weightInitialization: WeightInitialization {
    decoderConstraint == .none ? .smallRows : .uniformEntries(rowNorm: 1)
  }

  public var decoderBiasInitialization: DecoderBiasInitialization { .zeros }

  /// Adds the thresholds: ``initialThreshold``, or the one at which the first batch has the L0 to be
  /// controlled.
  public func initialParameters(_ weights: ParameterSet, batch: Matrix) -> ParameterSet {
    let thresholds = [Float](
      repeating: calibratedThreshold(weights, batch: batch) ?? initialThreshold,
      count: weights[.encoder].rows)
    var weights = weights
    if let initialL0 { setEncoderBias(of: &weights, thresholds, l0: initialL0, batch: batch) }
    return weights.replacing([], with: [parametrization.parameter(thresholds)])
  }
}

extension JumpReLUConfiguration {
  public var targetL0: Double? {
    switch sparsityLoss {
    case .quadratic(let target), .targetL0(let target), .controlledL0(let target): target
    case .step, .tanh: nil
    }
  }
}

extension JumpReLUConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    [
      .required("sparsityLoss", \.sparsityLoss),
      .required("coefficient", \.coefficient),
      .required("bandwidth", \.bandwidth),
      .required("initialThreshold", \.initialThreshold),
      .optional("initialL0", \.initialL0, absent: nil),
      .optional("estimator", \.estimator, absent: .thresholdAndInput),
      .optional("parametrization", \.parametrization, absent: .clamped),
      .optional("preActivationLoss", \.preActivationLoss, absent: PreActivationLoss()),
      .optional("auxiliaryLoss", \.auxiliaryLoss, absent: nil),
      .optional("subtractsDecoderBias", \.subtractsDecoderBias, absent: true),
      .optional("reconstructionLoss", \.reconstructionLoss, absent: .squaredErrorPerToken),
      .optional("decoderConstraint", \.decoderConstraint, absent: .none),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: JumpReLUConfiguration(coefficient: .one))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
