/// What the settings of thresholding variants have in common.
public protocol ThresholdingConfiguration: AutoencoderConfiguration {
  /// λ, what the sparsity term is multiplied by.
  var coefficient: CoefficientSchedule { get set }
  /// Whether b_dec is subtracted from the activations before encoding.
  var subtractsDecoderBias: Bool { get set }
  /// The scale of reconstruction errors.
  var reconstructionLoss: ReconstructionLoss { get set }
  /// What keeps decoder rows at unit norm.
  var decoderConstraint: DecoderConstraint { get set }
  /// What keeps latents sparse; nil unless a variant says otherwise: it then has a term of its own.
  var activationPenalty: ActivationPenalty? { get }
  /// What revives dead latents by what the others leave over; nil unless a variant says otherwise.
  var auxiliaryLoss: AuxiliaryLoss? { get }
}

extension ThresholdingConfiguration {
  public var activationPenalty: ActivationPenalty? { nil }
  public var auxiliaryLoss: AuxiliaryLoss? { nil }
}
