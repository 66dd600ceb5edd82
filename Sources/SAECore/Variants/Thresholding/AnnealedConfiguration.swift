/// Settings of a variant whose penalty's exponent may be lowered while it is trained.
public protocol AnnealedConfiguration: ThresholdingConfiguration {
  /// The penalty that keeps latents sparse.
  var penalty: ActivationPenalty { get set }
  /// Lowers the penalty's exponent while training; nil leaves it.
  var annealing: PAnnealing? { get set }

  /// dictionary_learning's conventions: plain L1, unit decoder rows.
  static func dictionaryLearning(coefficient: CoefficientSchedule) -> Self
}

extension AnnealedConfiguration {
  public var activationPenalty: ActivationPenalty? { penalty }

  /// dictionary_learning's `PAnnealTrainer` and `GatedAnnealTrainer`.
  ///
  /// - Throws: ``OptionError`` if a norm's exponent is to reach 0, where it is no norm any more.
  public static func pAnnealing(
    _ annealing: PAnnealing, form: ActivationPenalty.Form = .norm,
    coefficient: CoefficientSchedule
  ) throws(OptionError) -> Self {
    try annealing.check(form)
    var configuration = dictionaryLearning(coefficient: coefficient)
    configuration.penalty = try ActivationPenalty(
      form, exponent: 1, weightsByDecoderNorm: false)
    configuration.annealing = annealing
    return configuration
  }
}
