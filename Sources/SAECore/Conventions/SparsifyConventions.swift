extension TopKConfiguration {
  /// sparsify's conventions, with its auxiliary loss off; its rule for dead latents is
  /// ``DeadLatents/Rule/sparsify(tokens:)``.
  public static func sparsify(k: Int) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
    configuration.followSparsify()
    return configuration
  }
}

extension GroupMaxConfiguration {
  /// sparsify's conventions, with its auxiliary loss off; its rule for dead latents is
  /// ``DeadLatents/Rule/sparsify(tokens:)``.
  public static func sparsify(k: Int) -> GroupMaxConfiguration {
    var configuration = GroupMaxConfiguration(k: k)
    configuration.followSparsify()
    return configuration
  }
}

extension TranscoderConfiguration {
  /// sparsify's conventions, with its auxiliary loss off; its rule for dead latents is
  /// ``DeadLatents/Rule/sparsify(tokens:)``.
  public static func sparsify(k: Int, hasSkipConnection: Bool = false) -> TranscoderConfiguration {
    var configuration = TranscoderConfiguration(k: k, hasSkipConnection: hasSkipConnection)
    configuration.reconstructionLoss = .fractionOfVarianceUnexplained
    configuration.auxiliaryLoss = nil
    return configuration
  }
}

extension SelectingConfiguration {
  /// Takes over the conventions of all sparsify's variants, with its auxiliary loss off.
  mutating func followSparsify() {
    rescalesByDecoderNorm = false
    reconstructionLoss = .fractionOfVarianceUnexplained
    auxiliaryLoss = nil
    decoderConstraint = .unitRowsBeforeForward
  }
}

extension MultiTopK {
  /// sparsify's, which trains the decoder alone.
  public static var sparsify: MultiTopK {
    var multi = MultiTopK()
    multi.reachesEncoder = false
    return multi
  }
}

extension KAnnealing {
  /// sparsify's `k_decay_steps`: from ten times the width.
  public static func sparsify(steps: Int) throws(InvalidOption) -> KAnnealing {
    try KAnnealing(steps: steps, inputMultiple: 10, rounding: .nearest)
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
  ) throws(InvalidOption) -> LearningRateSchedule {
    try InvalidOption.check("warmUpSteps", warmUpSteps, in: 0...max(0, totalSteps))
    return try LearningRateSchedule(
      peak: peak, totalSteps: totalSteps, warmUpSteps: warmUpSteps, warmUp: .fromZero,
      decaySteps: totalSteps - warmUpSteps)
  }
}
