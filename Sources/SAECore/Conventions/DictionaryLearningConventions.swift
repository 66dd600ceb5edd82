extension TopKConfiguration {
  /// dictionary_learning's conventions; its rule for dead latents is
  /// ``DeadLatents/Rule/dictionaryLearningTopK(tokens:)``.
  public static func dictionaryLearning(k: Int) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
    configuration.followDictionaryLearning()
    configuration.thresholdAverage = .dictionaryLearning()
    return configuration
  }
}

extension BatchTopKConfiguration {
  /// dictionary_learning's conventions; its rule for dead latents is
  /// ``DeadLatents/Rule/dictionaryLearning(tokens:)``.
  public static func dictionaryLearning(k: Int) -> BatchTopKConfiguration {
    var configuration = BatchTopKConfiguration(k: Double(k))
    configuration.followDictionaryLearning()
    configuration.thresholdAverage = .dictionaryLearning()
    return configuration
  }
}

extension MatryoshkaConfiguration {
  /// dictionary_learning's conventions; its rule for dead latents is
  /// ``DeadLatents/Rule/dictionaryLearning(tokens:)``.
  public static func dictionaryLearning(
    k: Int, fractions: [Double]
  ) -> MatryoshkaConfiguration {
    var configuration = MatryoshkaConfiguration(k: Double(k))
    configuration.followDictionaryLearning()
    configuration.levels = .fractions(fractions)
    configuration.weighting = .meanOfMeans
    configuration.thresholdAverage = .dictionaryLearning()
    return configuration
  }
}

extension SelectingConfiguration {
  /// Takes over the conventions of all dictionary_learning's trainers of such variants: unit decoder
  /// rows, and an auxiliary loss that does not depend on the scale of activations.
  mutating func followDictionaryLearning() {
    rescalesByDecoderNorm = false
    auxiliaryLoss = AuxiliaryLoss(.residualVariance, coefficient: 1.0 / 32)
    decoderConstraint = .unitRowsAfterStep
  }
}

extension JumpReLUConfiguration {
  /// dictionary_learning's conventions; activations of unit mean squared norm, and β₁ = 0 in Adam.
  public static func dictionaryLearning(
    targetL0: Double = 20, coefficient: CoefficientSchedule
  ) -> JumpReLUConfiguration {
    var configuration = JumpReLUConfiguration(coefficient: coefficient)
    configuration.sparsityLoss = .targetL0(targetL0)
    configuration.bandwidth = 0.001
    configuration.initialThreshold = 0.001
    configuration.estimator = .thresholdByLatents
    configuration.parametrization = .free
    configuration.preActivationLoss = nil
    configuration.subtractsDecoderBias = false
    configuration.decoderConstraint = .unitRowsAfterStep
    return configuration
  }
}

extension GatedConfiguration {
  /// The paper's conventions and dictionary_learning's: plain L1, unit decoder rows; β₁ = 0 in Adam.
  public static func dictionaryLearning(coefficient: CoefficientSchedule) -> GatedConfiguration {
    var configuration = GatedConfiguration(coefficient: coefficient)
    configuration.penalty = .plainL1
    configuration.auxiliaryTrainsDecoder = false
    configuration.decoderConstraint = .exactUnitRowsAfterStep
    configuration.decoderBiasInitialization = .zeros
    return configuration
  }
}

extension ReLUConfiguration {
  /// dictionary_learning's `StandardTrainer`: plain L1, unit decoder rows.
  public static func dictionaryLearning(coefficient: CoefficientSchedule) -> ReLUConfiguration {
    var configuration = ReLUConfiguration(coefficient: coefficient)
    configuration.penalty = .plainL1
    configuration.decoderConstraint = .exactUnitRowsAfterStep
    configuration.weightInitialization = .randomDirections(rowNorm: 0.1)
    configuration.decoderBiasInitialization = .zeros
    return configuration
  }
}

extension ReLUConfiguration {
  /// dictionary_learning's `PAnnealTrainer`.
  ///
  /// - Throws: ``InvalidOption`` if a norm's exponent is to reach 0, where it is no norm any more.
  public static func pAnnealing(
    _ annealing: PAnnealing, form: ActivationPenalty.Form = .norm,
    coefficient: CoefficientSchedule
  ) throws(InvalidOption) -> ReLUConfiguration {
    try dictionaryLearning(coefficient: coefficient).annealed(annealing, form)
  }
}

extension GatedConfiguration {
  /// dictionary_learning's `GatedAnnealTrainer`.
  ///
  /// - Throws: ``InvalidOption`` if a norm's exponent is to reach 0, where it is no norm any more.
  public static func pAnnealing(
    _ annealing: PAnnealing, form: ActivationPenalty.Form = .norm,
    coefficient: CoefficientSchedule
  ) throws(InvalidOption) -> GatedConfiguration {
    try dictionaryLearning(coefficient: coefficient).annealed(annealing, form)
  }
}

extension AnnealedConfiguration {
  /// The same with a penalty whose exponent falls, on activations that no norm weights.
  fileprivate func annealed(
    _ annealing: PAnnealing, _ form: ActivationPenalty.Form
  ) throws(InvalidOption) -> Self {
    try annealing.check(form)
    var configuration = self
    configuration.penalty = try ActivationPenalty(
      form, exponent: 1, weightsByDecoderNorm: false)
    configuration.annealing = annealing
    return configuration
  }
}

extension KAnnealing {
  /// dictionary_learning's `k_anneal_steps`, of its releases after 0.1: from the width.
  public static func dictionaryLearning(steps: Int) throws(InvalidOption) -> KAnnealing {
    try KAnnealing(steps: steps, inputMultiple: 1, rounding: .down)
  }
}

extension ThresholdAverage {
  /// dictionary_learning's: β is `threshold_beta`, counted are steps above `threshold_start_step`.
  public static func dictionaryLearning(
    beta: Double = 0.999, startStep: Int = 1000
  ) -> ThresholdAverage {
    var average = ThresholdAverage()
    average.rate = 1 - beta
    average.firstStep = startStep + 1
    average.countsEmptyBatches = true
    return average
  }
}

extension DeadLatents.Rule {
  /// The rule of dictionary_learning's BatchTopK, Matryoshka and JumpReLU trainers. Its ReLU trainer
  /// counts silence for ``Resampling`` alone.
  public static func dictionaryLearning(tokens: Int = 10_000_000) -> DeadLatents.Rule {
    .tokensIncludingBatch(tokens)
  }

  /// The rule of dictionary_learning's TopK trainer, where a latent that is selected at 0 has fired.
  public static func dictionaryLearningTopK(tokens: Int = 10_000_000) -> DeadLatents.Rule {
    .tokensIncludingBatch(tokens, firing: .selected)
  }
}

extension LearningRateSchedule {
  /// dictionary_learning's schedule: `warmup_steps`, `decay_start` and `resample_steps`.
  public static func dictionaryLearning(
    peak: Double, totalSteps: Int, warmUpSteps: Int = 1000, decayStart: Int? = nil,
    resamplingPeriod: Int? = nil
  ) throws(InvalidOption) -> LearningRateSchedule {
    if let decayStart {
      try InvalidOption.check(
        "decayStart", decayStart, in: warmUpSteps...max(warmUpSteps, totalSteps))
    }
    return try LearningRateSchedule(
      peak: peak, totalSteps: totalSteps, warmUpSteps: warmUpSteps, warmUp: .fromZero,
      decaySteps: decayStart.map { totalSteps - $0 } ?? 0, warmUpPeriod: resamplingPeriod)
  }
}
