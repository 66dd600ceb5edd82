extension TrainingRecipe<JumpReLUConfiguration> {
  /// Anthropic's JumpReLU: ``JumpReLUConfiguration/anthropic(coefficient:)``, a λ that rises over the whole run, a
  /// learning rate that falls to 0 over the last fifth, activations of mean norm √width,
  /// ``WeightInitialization/scaledTranspose``. Gradients are clipped at 1, as in the update of April 2024.
  ///
  /// - Parameters:
  ///   - coefficient: λ in the end.
  ///   - learningRate: the learning rate before it falls.
  ///   - steps: steps to make.
  ///   - batchTokens: tokens per step.
  ///
  /// Source: Conerly et al. 2025, "Dictionary Learning Optimization Techniques".
  public static func anthropic(
    jumpReLU coefficient: Double, learningRate: Double, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(
      .anthropic(
        coefficient: CoefficientSchedule(finalValue: coefficient, warmUpSteps: steps)),
      options: TrainingOptions(
        steps: steps, batchTokens: batchTokens,
        schedule: .init(learningRate: learningRate, warmUpSteps: 0, decaySteps: steps / 5),
        optimizer: .init(.adam(), clippingNorm: 1),
        data: .init(normalization: .expectedAverageOnlyIn),
        beginning: .init(weights: .scaledTranspose, decoderBias: .zeros)))
  }
}
