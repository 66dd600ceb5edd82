extension TopKConfiguration {
  /// sparsify's conventions, with its auxiliary loss off; its rule for dead latents is
  /// ``DeadLatents/Rule/sparsify(tokens:)``.
  public static func sparsify(k: Int) -> TopKConfiguration {
    TopKConfiguration(
      k: k, rescalesByDecoderNorm: false, reconstructionLoss: .fractionOfVarianceUnexplained,
      auxiliaryLoss: nil, decoderConstraint: .unitRowsBeforeForward)
  }
}

extension GroupMaxConfiguration {
  /// sparsify's conventions, with its auxiliary loss off; its rule for dead latents is
  /// ``DeadLatents/Rule/sparsify(tokens:)``.
  public static func sparsify(k: Int) -> GroupMaxConfiguration {
    GroupMaxConfiguration(
      k: k, rescalesByDecoderNorm: false, reconstructionLoss: .fractionOfVarianceUnexplained,
      auxiliaryLoss: nil, decoderConstraint: .unitRowsBeforeForward)
  }
}

extension TranscoderConfiguration {
  /// sparsify's conventions, with its auxiliary loss off; its rule for dead latents is
  /// ``DeadLatents/Rule/sparsify(tokens:)``.
  public static func sparsify(k: Int, hasSkipConnection: Bool = false) -> TranscoderConfiguration {
    TranscoderConfiguration(
      k: k, hasSkipConnection: hasSkipConnection,
      reconstructionLoss: .fractionOfVarianceUnexplained, auxiliaryLoss: nil)
  }
}

extension MultiTopK {
  /// sparsify's, which trains the decoder alone.
  public static let sparsify = MultiTopK(reachesEncoder: false)
}

extension KAnnealing {
  /// sparsify's `k_decay_steps`: from ten times the width.
  public static func sparsify(steps: Int) -> KAnnealing {
    KAnnealing(steps: steps, inputMultiple: 10, rounding: .nearest)
  }
}

extension DeadLatents.Rule {
  /// sparsify's, where a latent that is selected at 0 has fired: with ``MultiTopK`` one of the larger
  /// selection.
  public static func sparsify(tokens: Int = 10_000_000) -> DeadLatents.Rule {
    .tokensBeforeBatch(tokens)
  }
}

extension LearningRateSchedule {
  /// sparsify's schedule for Adam: up from 0 for `lr_warmup_steps`, then straight down to 0.
  public static func sparsify(
    peak: Double, totalSteps: Int, warmUpSteps: Int = 1000
  ) throws(OptionError) -> LearningRateSchedule {
    try OptionError.check("warmUpSteps", warmUpSteps, in: 0...max(0, totalSteps))
    return try LearningRateSchedule(
      peak: peak, totalSteps: totalSteps, warmUpSteps: warmUpSteps, warmUp: .fromZero,
      decaySteps: totalSteps - warmUpSteps)
  }
}
