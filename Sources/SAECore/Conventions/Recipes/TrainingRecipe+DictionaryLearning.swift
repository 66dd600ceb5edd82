/// dictionary_learning's trainers: Adam, a learning rate that rises from 0 over 1000 steps and stays there, and
/// where a variant has a coefficient, a λ that rises over 2000 steps. A run shorter than its warm-up is refused
/// until ``TrainingOptions/Schedule/warmUpSteps`` are fewer.
///
/// Its `decay_start` becomes ``TrainingOptions/Schedule/decaySteps``; its `normalize_activations` is
/// ``ActivationNormalization/unitMeanSquaredNorm``, which only the recipe of JumpReLU sets.
extension TrainingRecipe {
  /// - Parameters:
  ///   - learningRate: that of a library's constant.
  ///   - scaledLearningRate: that of a law of the number of latents.
  ///   - beta1: Adam's β₁.
  ///   - clippingNorm: nil where the trainer does not clip.
  ///   - deadLatentRule: nil where dead latents are of no account in the training.
  fileprivate init(
    dictionaryLearning configuration: Configuration, steps: Int, batchTokens: Int,
    learningRate: Double? = nil, scaledLearningRate: Double? = nil, beta1: Float = 0.9,
    clippingNorm: Double? = nil, deadLatentRule: DeadLatents.Rule? = nil,
    normalization: ActivationNormalization = .none
  ) {
    self.init(
      configuration,
      options: TrainingOptions(
        steps: steps, batchTokens: batchTokens,
        schedule: .init(
          learningRate: learningRate, warmUpSteps: 1000, warmUp: .fromZero, decaySteps: 0),
        optimizer: .init(.adam(beta1: beta1), clippingNorm: clippingNorm),
        revival: .init(deadLatentRule: deadLatentRule),
        data: .init(normalization: normalization),
        beginning: .init(of: configuration)),
      scaledLearningRate: scaledLearningRate)
  }

  /// The trainers of the TopK family, with Gao et al.'s law of the learning rate.
  fileprivate init(
    dictionaryLearningTopK configuration: Configuration, _ steps: Int, _ batchTokens: Int,
    _ deadLatentRule: DeadLatents.Rule
  ) {
    self.init(
      dictionaryLearning: configuration, steps: steps, batchTokens: batchTokens,
      scaledLearningRate: 2e-4, clippingNorm: 1, deadLatentRule: deadLatentRule)
  }
}

/// λ as dictionary_learning's trainers warm it up.
private func warmedUp(_ coefficient: Double) -> CoefficientSchedule {
  CoefficientSchedule(finalValue: coefficient, warmUpSteps: 2000)
}

extension TrainingRecipe<TopKConfiguration> {
  /// dictionary_learning's `TopKTrainer`: ``TopKConfiguration/dictionaryLearning(k:)``, and
  /// ``DeadLatents/Rule/dictionaryLearningTopK(tokens:)``.
  public static func dictionaryLearning(
    topK k: Int, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(
      dictionaryLearningTopK: .dictionaryLearning(k: k), steps, batchTokens,
      .dictionaryLearningTopK())
  }
}

extension TrainingRecipe<BatchTopKConfiguration> {
  /// dictionary_learning's `BatchTopKTrainer`: ``BatchTopKConfiguration/dictionaryLearning(k:)``, and
  /// ``DeadLatents/Rule/dictionaryLearning(tokens:)``.
  public static func dictionaryLearning(
    batchTopK k: Int, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(
      dictionaryLearningTopK: .dictionaryLearning(k: k), steps, batchTokens, .dictionaryLearning())
  }
}

extension TrainingRecipe<MatryoshkaConfiguration> {
  /// dictionary_learning's `MatryoshkaBatchTopKTrainer`:
  /// ``MatryoshkaConfiguration/dictionaryLearning(k:fractions:)``, and
  /// ``DeadLatents/Rule/dictionaryLearning(tokens:)``.
  public static func dictionaryLearning(
    matryoshka k: Int, fractions: [Double], steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(
      dictionaryLearningTopK: .dictionaryLearning(k: k, fractions: fractions), steps, batchTokens,
      .dictionaryLearning())
  }
}

extension TrainingRecipe<JumpReLUConfiguration> {
  /// dictionary_learning's `JumpReluTrainer`:
  /// ``JumpReLUConfiguration/dictionaryLearning(targetL0:coefficient:)``, a learning rate of 7·10⁻⁵, β₁ = 0.
  ///
  /// - Parameters:
  ///   - targetL0: the L0 to reach; the library's is 20 unless given.
  ///   - coefficient: λ.
  ///   - steps: steps to make.
  ///   - batchTokens: tokens per step.
  public static func dictionaryLearning(
    jumpReLU targetL0: Double, coefficient: Double = 1, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(
      dictionaryLearning: .dictionaryLearning(
        targetL0: targetL0, coefficient: warmedUp(coefficient)),
      steps: steps, batchTokens: batchTokens, learningRate: 7e-5, beta1: 0, clippingNorm: 1,
      deadLatentRule: .dictionaryLearning(), normalization: .unitMeanSquaredNorm)
  }
}

extension TrainingRecipe<GatedConfiguration> {
  /// dictionary_learning's `GatedSAETrainer`: ``GatedConfiguration/dictionaryLearning(coefficient:)``, a
  /// learning rate of 5·10⁻⁵, β₁ = 0. With an annealing its `GatedAnnealTrainer`, whose rate is 3·10⁻⁴.
  ///
  /// - Parameters:
  ///   - coefficient: λ; the library's is 0.1 unless given.
  ///   - annealing: how the penalty's exponent falls, if it does.
  ///   - form: of a penalty whose exponent falls.
  ///   - steps: steps to make.
  ///   - batchTokens: tokens per step.
  public static func dictionaryLearning(
    gated coefficient: Double, annealing: PAnnealing? = nil,
    form: ActivationPenalty.Form = .powers, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    let schedule = warmedUp(coefficient)
    let configuration =
      if let annealing {
        GatedConfiguration.pAnnealing(annealing, form: form, coefficient: schedule)
      } else {
        GatedConfiguration.dictionaryLearning(coefficient: schedule)
      }
    return TrainingRecipe(
      dictionaryLearning: configuration, steps: steps, batchTokens: batchTokens,
      learningRate: annealing == nil ? 5e-5 : 3e-4, beta1: 0)
  }
}

extension TrainingRecipe<ReLUConfiguration> {
  /// dictionary_learning's `StandardTrainer`: ``ReLUConfiguration/dictionaryLearning(coefficient:)``, a learning
  /// rate of 10⁻³. With an annealing its `PAnnealTrainer`.
  ///
  /// - Parameters:
  ///   - coefficient: λ; the library's is 0.1 unless given.
  ///   - annealing: how the penalty's exponent falls, if it does.
  ///   - form: of a penalty whose exponent falls.
  ///   - resamplingPeriod: its `resample_steps`, after which dead latents get new directions and the learning
  ///     rate rises anew; nil for none.
  ///   - steps: steps to make.
  ///   - batchTokens: tokens per step.
  public static func dictionaryLearning(
    reLU coefficient: Double, annealing: PAnnealing? = nil, form: ActivationPenalty.Form = .norm,
    resamplingPeriod: Int? = nil, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    let schedule = warmedUp(coefficient)
    let configuration =
      if let annealing {
        ReLUConfiguration.pAnnealing(annealing, form: form, coefficient: schedule)
      } else {
        ReLUConfiguration.dictionaryLearning(coefficient: schedule)
      }
    var recipe = TrainingRecipe(
      dictionaryLearning: configuration, steps: steps, batchTokens: batchTokens,
      learningRate: 1e-3)
    if let resamplingPeriod {
      recipe.options.revival.resampling = Resampling(
        convention: .dictionaryLearning, period: resamplingPeriod)
    }
    return recipe
  }
}
