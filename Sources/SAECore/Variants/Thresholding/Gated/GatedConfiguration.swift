/// The settings of a ``GatedAutoencoder``. Defaults are the recommended ones; each library's own
/// conventions are ``saeLens(coefficient:)``, ``dictionaryLearning(coefficient:)`` and
/// ``pAnnealing(_:form:coefficient:)``.
public struct GatedConfiguration: Sendable, Equatable {
  public typealias Model = GatedAutoencoder

  /// The penalty that keeps gates closed: a function of the gates' positive pre-activations.
  public var penalty: ActivationPenalty
  /// λ, the factor of the penalty.
  public var coefficient: CoefficientSchedule
  /// Lowers the penalty's exponent while training; nil leaves it.
  public var annealing: PAnnealing?
  /// Whether the auxiliary reconstruction trains W_dec and b_dec as well: SAELens. Frozen, the
  /// auxiliary task does not shape the dictionary: paper, dictionary_learning, with unit rows. Where
  /// rows are free nothing then keeps them from shrinking under the penalty: on activations of a small
  /// Gemma-2 (256 wide, 2048 latents, λ 2) L0 ended at 1432 and the fraction of variance explained at
  /// 0.64, and at 48 and 0.885 with a trained decoder.
  public var auxiliaryTrainsDecoder: Bool
  /// Whether b_dec is subtracted from the activations before encoding.
  public var subtractsDecoderBias: Bool
  /// The scale of both reconstruction errors.
  public var reconstructionLoss: ReconstructionLoss
  /// The constraint that keeps decoder rows at unit norm: needed unless the penalty is weighted by norms.
  public var decoderConstraint: DecoderConstraint
  /// The first value of b_dec. The libraries begin with zeros: on activations of a small Gemma-2 (256
  /// wide, 2048 latents, λ 2, one seed) 0.885 of the variance was then explained at an L0 of 48.2, with
  /// the geometric median 0.888 at 49.7; at λ 4 0.835 at 20.3 and 0.838 at 21.0.
  public var decoderBiasInitialization: DecoderBiasInitialization

  /// A sparsity penalty multiplied by `coefficient`; the other settings have their defaults unless given.
  public init(
    penalty: ActivationPenalty = .weightedL1, coefficient: CoefficientSchedule,
    annealing: PAnnealing? = nil, auxiliaryTrainsDecoder: Bool = true,
    subtractsDecoderBias: Bool = true,
    reconstructionLoss: ReconstructionLoss = .squaredErrorPerToken,
    decoderConstraint: DecoderConstraint = .none,
    decoderBiasInitialization: DecoderBiasInitialization = .geometricMedian
  ) {
    self.penalty = penalty
    self.coefficient = coefficient
    self.annealing = annealing
    self.auxiliaryTrainsDecoder = auxiliaryTrainsDecoder
    self.subtractsDecoderBias = subtractsDecoderBias
    self.reconstructionLoss = reconstructionLoss
    self.decoderConstraint = decoderConstraint
    self.decoderBiasInitialization = decoderBiasInitialization
  }
}

extension GatedConfiguration: AnnealedConfiguration {
  /// Random unit directions where the decoder is held at them, else small rows.
  public var weightInitialization: WeightInitialization {
    decoderConstraint == .none ? .smallRows : .randomDirections(rowNorm: 1)
  }

  /// Gates, magnitudes and their scales at 0 take the place of b_enc.
  public func initialParameters(_ weights: ParameterSet, batch: Matrix) -> ParameterSet {
    let zeros = [Float](repeating: 0, count: weights[.encoder].rows)
    return weights.replacing(
      [.encoderBias],
      with: [(.gateBias, zeros), (.magnitudeBias, zeros), (.magnitudeScale, zeros)])
  }
}

extension GatedConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    [
      .optional("penalty", \.penalty, absent: .weightedL1),
      .required("coefficient", \.coefficient),
      .optional("annealing", \.annealing, absent: nil),
      .optional("auxiliaryTrainsDecoder", \.auxiliaryTrainsDecoder, absent: true),
      .optional("subtractsDecoderBias", \.subtractsDecoderBias, absent: true),
      .optional("reconstructionLoss", \.reconstructionLoss, absent: .squaredErrorPerToken),
      .optional("decoderConstraint", \.decoderConstraint, absent: .none),
      .optional(
        "decoderBiasInitialization", \.decoderBiasInitialization, absent: .geometricMedian),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: GatedConfiguration(coefficient: .one))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
