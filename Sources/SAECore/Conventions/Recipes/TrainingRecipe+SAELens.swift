/// SAELens' trainer: Adam, gradients clipped at 1, a constant learning rate without warm-up, activations as they
/// are, decoder rows that begin at norm 0.1 and b_dec at 0, latents dead after 1000 steps without firing.
///
/// No law gives the learning rate, so every recipe asks for one. SAELens' `lr_warm_up_steps`,
/// `lr_decay_steps`, `lr_scheduler_name` and `normalize_activations` are properties of
/// ``TrainingOptions/Schedule`` and ``TrainingOptions/Data``; its training guide scales activations to a mean
/// norm of √width (``ActivationNormalization/expectedAverageOnlyIn``).
extension TrainingRecipe {
  fileprivate init(
    saeLens configuration: Configuration, _ learningRate: Double, _ steps: Int, _ batchTokens: Int
  ) {
    self.init(
      configuration,
      options: TrainingOptions(
        steps: steps, batchTokens: batchTokens,
        schedule: .init(learningRate: learningRate, warmUpSteps: 0, decaySteps: 0),
        optimizer: .init(.adam(), clippingNorm: 1),
        revival: .init(deadLatentRule: .saeLens()),
        data: .init(normalization: .none),
        beginning: .init(weights: .saeLens, decoderBias: .zeros)))
  }
}

extension TrainingRecipe<TopKConfiguration> {
  /// SAELens' `topk`: ``TopKConfiguration/saeLens(k:)``.
  public static func saeLens(
    topK k: Int, learningRate: Double, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(saeLens: .saeLens(k: k), learningRate, steps, batchTokens)
  }
}

extension TrainingRecipe<BatchTopKConfiguration> {
  /// SAELens' `batchtopk`: ``BatchTopKConfiguration/saeLens(meanK:)``.
  public static func saeLens(
    batchTopK meanK: Double, learningRate: Double, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(saeLens: .saeLens(meanK: meanK), learningRate, steps, batchTokens)
  }
}

extension TrainingRecipe<MatryoshkaConfiguration> {
  /// SAELens' `matryoshka_batchtopk`: ``MatryoshkaConfiguration/saeLens(meanK:widths:)``.
  public static func saeLens(
    matryoshka meanK: Double, widths: [Int], learningRate: Double, steps: Int,
    batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(
      saeLens: .saeLens(meanK: meanK, widths: widths), learningRate, steps, batchTokens)
  }
}

extension TrainingRecipe<AbsTopKConfiguration> {
  /// SAELens' AbsTopK: ``AbsTopKConfiguration/saeLens(k:)``.
  public static func saeLens(
    absTopK k: Int, learningRate: Double, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(saeLens: .saeLens(k: k), learningRate, steps, batchTokens)
  }
}

extension TrainingRecipe<JumpReLUConfiguration> {
  /// SAELens' `jumprelu`: ``JumpReLUConfiguration/saeLens(_:coefficient:)``, λ without a warm-up.
  ///
  /// - Parameters:
  ///   - coefficient: λ; SAELens' is 1 unless given.
  ///   - loss: the form of the sparsity term.
  ///   - learningRate: the learning rate of all steps.
  ///   - steps: steps to make.
  ///   - batchTokens: tokens per step.
  public static func saeLens(
    jumpReLU coefficient: Double, loss: JumpReLUConfiguration.SparsityLoss = .step,
    learningRate: Double, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(
      saeLens: .saeLens(loss, coefficient: CoefficientSchedule(finalValue: coefficient)),
      learningRate, steps, batchTokens)
  }
}

extension TrainingRecipe<GatedConfiguration> {
  /// SAELens' `gated`: ``GatedConfiguration/saeLens(coefficient:)``, λ without a warm-up.
  ///
  /// - Parameters:
  ///   - coefficient: λ; SAELens' is 1 unless given.
  ///   - learningRate: the learning rate of all steps.
  ///   - steps: steps to make.
  ///   - batchTokens: tokens per step.
  public static func saeLens(
    gated coefficient: Double, learningRate: Double, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(
      saeLens: .saeLens(coefficient: CoefficientSchedule(finalValue: coefficient)),
      learningRate, steps, batchTokens)
  }
}

extension TrainingRecipe<ReLUConfiguration> {
  /// SAELens' `standard`: ``ReLUConfiguration/saeLens(coefficient:exponent:)``, λ without a warm-up.
  ///
  /// - Parameters:
  ///   - coefficient: λ; SAELens' is 1 unless given, and 5 in its training guide, for activations scaled to a
  ///     mean norm of √width.
  ///   - exponent: its `lp_norm`.
  ///   - learningRate: the learning rate of all steps.
  ///   - steps: steps to make.
  ///   - batchTokens: tokens per step.
  public static func saeLens(
    reLU coefficient: Double, exponent: Double = 1, learningRate: Double, steps: Int,
    batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(
      saeLens: .saeLens(
        coefficient: CoefficientSchedule(finalValue: coefficient), exponent: exponent),
      learningRate, steps, batchTokens)
  }
}
