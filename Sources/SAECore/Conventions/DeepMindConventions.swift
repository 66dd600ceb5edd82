extension JumpReLUConfiguration {
  /// The paper's conventions; activations of unit mean squared norm, and β₁ = 0 in Adam.
  ///
  /// Source: Rajamanoharan et al. 2024, arXiv 2407.14435; Lieberum et al. 2024, arXiv 2408.05147.
  public static func deepMind(coefficient: CoefficientSchedule) -> JumpReLUConfiguration {
    JumpReLUConfiguration(
      sparsityLoss: .step, coefficient: coefficient, bandwidth: 0.001, initialThreshold: 0.001,
      estimator: .threshold, parametrization: .logarithmic, preActivationLoss: nil,
      subtractsDecoderBias: false, decoderConstraint: .unitRowsAfterStep)
  }
}
