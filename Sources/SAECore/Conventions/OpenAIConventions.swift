extension TopKConfiguration {
  /// OpenAI's conventions. Its run has beside them, among ``TrainingOptions``, Adam with an ε of
  /// 6.25·10⁻¹⁰, ``WeightInitialization/encoderFirst``, ``TrainingOptions/Beginning/calibratesEncoder``,
  /// ``DeadLatents/Rule/openAI(batchTokens:tokens:)`` and an average with a decay of 0.999.
  ///
  /// - Parameters:
  ///   - k: latents that may be active on a token.
  ///   - loss: ``ReconstructionLoss/scaledMean(of:)`` of a sample.
  public static func openAI(k: Int, loss: ReconstructionLoss) -> TopKConfiguration {
    TopKConfiguration(
      k: k, rescalesByDecoderNorm: false, reconstructionLoss: loss, auxiliaryLoss: .openAI,
      decoderConstraint: .unitRowsBeforeStep)
  }
}

extension AuxiliaryLoss {
  /// OpenAI's: 256 dead latents per token, 1/32, and a gradient to b_dec.
  public static let openAI = AuxiliaryLoss(.residualVarianceWithBias, latentsPerToken: 256)
}

extension ReconstructionLoss {
  /// OpenAI's, with the scale that a sample of activations gives; tokens × width, not all equal.
  ///
  /// - Throws: ``OptionError`` if the sample does not vary, or is not finite.
  public static func scaledMean(of sample: Matrix) throws(OptionError) -> ReconstructionLoss {
    let scale = Double(sample.count) / sample.totalVariance()
    guard scale.isFinite, scale > 0 else {
      throw OptionError(
        "sample", expected: "finite activations that vary", found: "a scale of \(scale)")
    }
    return .scaledMean(scale: scale)
  }
}

extension DeadLatents.Rule {
  /// OpenAI's: whole batches in a number of tokens.
  ///
  /// - Parameters:
  ///   - batchTokens: ``TrainingOptions/batchTokens``
  ///   - tokens: its `dead_toks_threshold`.
  public static func openAI(batchTokens: Int, tokens: Int = 10_000_000) -> DeadLatents.Rule {
    .stepsIncludingBatch(tokens / max(1, batchTokens))
  }
}
