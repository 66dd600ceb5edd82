extension TrainingRecipe<JumpReLUConfiguration> {
  /// The runs of Gemma Scope: ``JumpReLUConfiguration/deepMind(coefficient:)``, a learning rate of 7·10⁻⁵ after
  /// a rise over 1000 steps, Adam with β₁ = 0, a λ that rises over 10 000 steps, activations of unit mean squared
  /// norm.
  ///
  /// The published rise is half a cosine from a tenth of the rate, here it is a line from 0.
  ///
  /// - Parameters:
  ///   - coefficient: λ.
  ///   - steps: steps to make.
  ///   - batchTokens: tokens per step.
  ///
  /// Source: Lieberum et al. 2024, arXiv 2408.05147.
  public static func deepMind(
    jumpReLU coefficient: Double, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    let configuration = JumpReLUConfiguration.deepMind(
      coefficient: CoefficientSchedule(finalValue: coefficient, warmUpSteps: 10_000))
    return TrainingRecipe(
      configuration,
      options: TrainingOptions(
        steps: steps, batchTokens: batchTokens,
        schedule: .init(learningRate: 7e-5, warmUpSteps: 1000, decaySteps: 0),
        optimizer: .init(.adam(beta1: 0), clippingNorm: nil),
        data: .init(normalization: .unitMeanSquaredNorm),
        beginning: .init(of: configuration)))
  }
}
