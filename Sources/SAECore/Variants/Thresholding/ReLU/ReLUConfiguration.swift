/// The settings of a ``ReLUAutoencoder``. Defaults are the recommended ones; each library's own
/// conventions are ``saeLens(coefficient:exponent:)``, ``dictionaryLearning(coefficient:)`` and
/// ``pAnnealing(_:form:coefficient:)``.
public struct ReLUConfiguration: Sendable, Equatable {
  public typealias Model = ReLUAutoencoder

  /// The penalty that keeps latents sparse.
  public var penalty: ActivationPenalty
  /// λ, the factor of the penalty. Anthropic trains with 5 and warms it up over a twentieth of the steps,
  /// activations scaled to norm √width.
  public var coefficient: CoefficientSchedule
  /// Lowers the penalty's exponent while training; nil leaves it.
  public var annealing: PAnnealing?
  /// The loss that revives dead latents with the error of the others; no library has one here.
  public var auxiliaryLoss: AuxiliaryLoss?
  /// Whether b_dec is subtracted from the activations before encoding.
  public var subtractsDecoderBias: Bool
  /// The scale of the reconstruction error.
  public var reconstructionLoss: ReconstructionLoss
  /// The constraint that keeps decoder rows at unit norm: needed unless the penalty is weighted by norms.
  public var decoderConstraint: DecoderConstraint
  /// The first value of W_dec, and of W_enc with it. Rows of norm 1 need a smaller λ for the same L0 than
  /// the libraries' of 0.1: on activations of a small Gemma-2 (256 wide, 2048 latents, one seed) they
  /// explained 0.825 of the variance at an L0 of 34.5 (λ 1.85) and 0.703 at 10.3 (λ 5), those of 0.1 with
  /// b_dec from 0 explained 0.818 at 34.2 (λ 2) and 0.607 at 10.7 (λ 8).
  public var weightInitialization: WeightInitialization
  /// The first value of b_dec; the libraries begin with zeros. At rows of norm 1 and λ 1.8 to 2 the
  /// geometric median explained 0.003 more.
  public var decoderBiasInitialization: DecoderBiasInitialization

  /// A penalty multiplied by `coefficient`; the other settings have their defaults unless given.
  public init(
    penalty: ActivationPenalty = .weightedL1, coefficient: CoefficientSchedule,
    annealing: PAnnealing? = nil, auxiliaryLoss: AuxiliaryLoss? = nil,
    subtractsDecoderBias: Bool = true,
    reconstructionLoss: ReconstructionLoss = .squaredErrorPerToken,
    decoderConstraint: DecoderConstraint = .none,
    weightInitialization: WeightInitialization = .uniformEntries(rowNorm: 1),
    decoderBiasInitialization: DecoderBiasInitialization = .geometricMedian
  ) {
    self.penalty = penalty
    self.coefficient = coefficient
    self.annealing = annealing
    self.auxiliaryLoss = auxiliaryLoss
    self.subtractsDecoderBias = subtractsDecoderBias
    self.reconstructionLoss = reconstructionLoss
    self.decoderConstraint = decoderConstraint
    self.weightInitialization = weightInitialization
    self.decoderBiasInitialization = decoderBiasInitialization
  }
}

extension ReLUConfiguration: AnnealedConfiguration {}

extension ReLUConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    [
      .optional("penalty", \.penalty, absent: .weightedL1),
      .required("coefficient", \.coefficient),
      .optional("annealing", \.annealing, absent: nil),
      .optional("auxiliaryLoss", \.auxiliaryLoss, absent: nil),
      .optional("subtractsDecoderBias", \.subtractsDecoderBias, absent: true),
      .optional("reconstructionLoss", \.reconstructionLoss, absent: .squaredErrorPerToken),
      .optional("decoderConstraint", \.decoderConstraint, absent: .none),
      .optional(
        "weightInitialization", \.weightInitialization, absent: .uniformEntries(rowNorm: 1)),
      .optional(
        "decoderBiasInitialization", \.decoderBiasInitialization, absent: .geometricMedian),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: ReLUConfiguration(coefficient: .one))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
