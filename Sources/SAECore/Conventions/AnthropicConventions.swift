extension JumpReLUConfiguration {
  /// Anthropic's conventions; activations of mean norm √width, λ warmed up over the whole run, and
  /// ``WeightInitialization/scaledTranspose`` among the ``TrainingOptions``.
  ///
  /// Source: Conerly et al. 2025, "Dictionary Learning Optimization Techniques".
  public static func anthropic(coefficient: CoefficientSchedule) -> JumpReLUConfiguration {
    JumpReLUConfiguration(
      coefficient: coefficient, initialL0: 10_000, parametrization: .logarithmic,
      preActivationLoss: PreActivationLoss(isForDeadLatents: false))
  }
}

extension Resampling {
  /// After 25 000, 50 000, 75 000 and 100 000 steps, as published.
  public static let anthropic = Resampling(
    convention: .anthropic, period: 25_000, lastStep: 100_000)
}
