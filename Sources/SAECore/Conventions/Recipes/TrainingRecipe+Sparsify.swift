/// sparsify's trainer: sign descent in a schedule-free average, at a rate of 5·10⁻³ √(2¹⁴ / latents) in all steps,
/// no clipping, activations as they are, latents dead after ten million tokens without firing.
extension TrainingRecipe where Configuration: SelectingConfiguration {
  /// - Parameters:
  ///   - usesAdam: whether Adam takes the place of sign descent, with its own law and schedule.
  ///   - beginning: what weights and b_dec begin as.
  fileprivate init(
    sparsify configuration: Configuration, _ usesAdam: Bool, _ steps: Int, _ batchTokens: Int,
    _ beginning: TrainingOptions.Beginning = .init(weights: .encoderFirst, decoderBias: .mean)
  ) {
    let warmUpSteps = usesAdam ? min(1000, steps) : 0
    self.init(
      configuration,
      options: TrainingOptions(
        steps: steps, batchTokens: batchTokens,
        schedule: .init(
          warmUpSteps: warmUpSteps, warmUp: .fromZero,
          decaySteps: usesAdam ? steps - warmUpSteps : 0),
        optimizer: .init(usesAdam ? .adam() : .scheduleFreeSignDescent, clippingNorm: nil),
        revival: .init(deadLatentRule: .sparsify()),
        data: .init(normalization: .none), beginning: beginning),
      scaledLearningRate: usesAdam ? 2e-4 : 5e-3)
  }
}

extension TrainingRecipe<TopKConfiguration> {
  /// sparsify's TopK: ``TopKConfiguration/sparsify(k:)``, an encoder that comes first
  /// (``WeightInitialization/encoderFirst``), b_dec from the mean of the first batch.
  ///
  /// Its `multi_topk` and `auxk_alpha` are ``TopKConfiguration/multiTopK`` (``MultiTopK/sparsify``) and
  /// ``TopKConfiguration/auxiliaryLoss``, in the form ``AuxiliaryLoss/Form/decoderOnly``.
  ///
  /// - Parameters:
  ///   - k: latents that may be active on a token; sparsify's is 32 unless given.
  ///   - usesAdam: whether Adam takes the place of sign descent, at 2·10⁻⁴ √(2¹⁴ / latents), rising from 0 over
  ///     1000 steps and then falling to 0.
  ///   - steps: steps to make.
  ///   - batchTokens: tokens per step.
  public static func sparsify(
    topK k: Int, usesAdam: Bool = false, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(sparsify: .sparsify(k: k), usesAdam, steps, batchTokens)
  }
}

extension TrainingRecipe<GroupMaxConfiguration> {
  /// sparsify's activation `groupmax`: ``GroupMaxConfiguration/sparsify(k:)``; the rest as its TopK.
  public static func sparsify(
    groupMax k: Int, usesAdam: Bool = false, steps: Int, batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(sparsify: .sparsify(k: k), usesAdam, steps, batchTokens)
  }
}

extension TrainingRecipe<TranscoderConfiguration> {
  /// sparsify's transcoders: ``TranscoderConfiguration/sparsify(k:hasSkipConnection:)``, which begin as
  /// ``TranscoderConfiguration/initialParameters(inputs:outputs:latentCount:using:)`` says.
  public static func sparsify(
    transcoder k: Int, hasSkipConnection: Bool = false, usesAdam: Bool = false, steps: Int,
    batchTokens: Int = 4096
  ) -> TrainingRecipe {
    TrainingRecipe(
      sparsify: .sparsify(k: k, hasSkipConnection: hasSkipConnection), usesAdam, steps, batchTokens,
      .init())
  }
}
