/// The common settings of thresholding variants.
public protocol ThresholdingConfiguration: AutoencoderConfiguration {
  /// λ, the factor of the sparsity term.
  var coefficient: CoefficientSchedule { get set }
  /// Whether b_dec is subtracted from the activations before encoding.
  var subtractsDecoderBias: Bool { get set }
  /// The scale of reconstruction errors.
  var reconstructionLoss: ReconstructionLoss { get set }
  /// The constraint that keeps decoder rows at unit norm.
  var decoderConstraint: DecoderConstraint { get set }
  /// The penalty that keeps latents sparse; nil unless a variant says otherwise: it then has a term of
  /// its own.
  var activationPenalty: ActivationPenalty? { get }
  /// The loss that revives dead latents with the error of the others; nil unless a variant says
  /// otherwise.
  var auxiliaryLoss: AuxiliaryLoss? { get }
}

extension ThresholdingConfiguration {
  public var activationPenalty: ActivationPenalty? { nil }
  public var auxiliaryLoss: AuxiliaryLoss? { nil }

  public func check() throws(OptionError) { try checkSparsity() }

  /// Throws for a coefficient or a penalty that makes no sense.
  func checkSparsity() throws(OptionError) {
    try coefficient.check("coefficient")
    try activationPenalty?.check()
  }
}
