extension TrainingRecipe<TopKConfiguration> {
  /// OpenAI's TopK: ``TopKConfiguration/openAI(k:loss:)``, Adam with an ε of 6.25·10⁻¹⁰ at 10⁻⁴ in all steps, an
  /// average with a decay of 0.999, no clipping, tokens normalized each by itself, an encoder that comes first
  /// (``WeightInitialization/encoderFirst``) and is calibrated, b_dec from the geometric median.
  ///
  /// OpenAI takes the median of up to 32 768 activations, this library that of the first batch.
  ///
  /// - Parameters:
  ///   - k: latents that may be active on a token; OpenAI's is 32.
  ///   - sample: activations as the source has them, tokens × width; the loss takes its scale from them
  ///     (``ReconstructionLoss/scaledMean(of:)``), normalized as the run's.
  ///   - steps: steps to make.
  ///   - batchTokens: tokens per step.
  /// - Throws: ``OptionError`` if the sample does not vary, or is not finite; ``ShapeError`` if it cannot be
  ///   normalized.
  public static func openAI(
    topK k: Int, sample: Matrix, steps: Int, batchTokens: Int = 131_072
  ) throws -> TrainingRecipe {
    let normalized = try ActivationNormalization.layerNorm.scaling().scale(sample).activations
    return TrainingRecipe(
      .openAI(k: k, loss: try .scaledMean(of: normalized)),
      options: TrainingOptions(
        steps: steps, batchTokens: batchTokens,
        schedule: .init(learningRate: 1e-4, warmUpSteps: 0, decaySteps: 0),
        optimizer: .init(.adam(epsilon: 6.25e-10), averagingDecay: 0.999, clippingNorm: nil),
        revival: .init(deadLatentRule: .openAI(batchTokens: batchTokens)),
        data: .init(normalization: .layerNorm),
        beginning: .init(
          weights: .encoderFirst, decoderBias: .geometricMedian, calibratesEncoder: true)))
  }
}
