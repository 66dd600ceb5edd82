/// Settings of a variant whose penalty's exponent may be lowered while it is trained.
public protocol AnnealedConfiguration: ThresholdingConfiguration {
  /// The penalty that keeps latents sparse.
  var penalty: ActivationPenalty { get set }
  /// Lowers the penalty's exponent while training; nil leaves it.
  var annealing: PAnnealing? { get set }
}

extension AnnealedConfiguration {
  public var activationPenalty: ActivationPenalty? { penalty }

  public func check() throws(OptionError) {
    try checkSparsity()
    try annealing?.check(penalty.form)
  }
}
