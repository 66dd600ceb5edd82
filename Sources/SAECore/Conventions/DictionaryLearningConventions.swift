extension TopKConfiguration {
  /// dictionary_learning's conventions; its rule for dead latents is
  /// ``DeadLatents/Rule/dictionaryLearningTopK(tokens:)``.
  public static func dictionaryLearning(k: Int) -> TopKConfiguration {
    TopKConfiguration(
      k: k, rescalesByDecoderNorm: false, auxiliaryLoss: .dictionaryLearning,
      decoderConstraint: .unitRowsAfterStep, thresholdAverage: .dictionaryLearning())
  }
}

extension BatchTopKConfiguration {
  /// dictionary_learning's conventions; its rule for dead latents is
  /// ``DeadLatents/Rule/dictionaryLearning(tokens:)``.
  public static func dictionaryLearning(k: Int) -> BatchTopKConfiguration {
    BatchTopKConfiguration(
      meanK: Double(k), rescalesByDecoderNorm: false, auxiliaryLoss: .dictionaryLearning,
      decoderConstraint: .unitRowsAfterStep, thresholdAverage: .dictionaryLearning())
  }
}

extension MatryoshkaConfiguration {
  /// dictionary_learning's conventions; its rule for dead latents is
  /// ``DeadLatents/Rule/dictionaryLearning(tokens:)``.
  public static func dictionaryLearning(
    k: Int, fractions: [Double]
  ) -> MatryoshkaConfiguration {
    MatryoshkaConfiguration(
      meanK: Double(k), levels: .fractions(fractions), weighting: .meanOfMeans,
      rescalesByDecoderNorm: false, auxiliaryLoss: .dictionaryLearning,
      decoderConstraint: .unitRowsAfterStep, thresholdAverage: .dictionaryLearning())
  }
}

extension AuxiliaryLoss {
  /// dictionary_learning's of the TopK family, which does not depend on the scale of activations.
  public static let dictionaryLearning = AuxiliaryLoss(.residualVariance, coefficient: 1.0 / 32)
}

extension JumpReLUConfiguration {
  /// dictionary_learning's conventions; activations of unit mean squared norm, and β₁ = 0 in Adam.
  public static func dictionaryLearning(
    targetL0: Double = 20, coefficient: CoefficientSchedule
  ) -> JumpReLUConfiguration {
    JumpReLUConfiguration(
      sparsityLoss: .targetL0(targetL0), coefficient: coefficient, bandwidth: 0.001,
      initialThreshold: 0.001, estimator: .thresholdByLatents, parametrization: .free,
      preActivationLoss: nil, subtractsDecoderBias: false, decoderConstraint: .unitRowsAfterStep)
  }
}

extension GatedConfiguration {
  /// The paper's conventions and dictionary_learning's: plain L1, unit decoder rows; β₁ = 0 in Adam.
  public static func dictionaryLearning(coefficient: CoefficientSchedule) -> GatedConfiguration {
    GatedConfiguration(
      penalty: .plainL1, coefficient: coefficient, auxiliaryTrainsDecoder: false,
      decoderConstraint: .exactUnitRowsAfterStep, decoderBiasInitialization: .zeros)
  }
}

extension ReLUConfiguration {
  /// dictionary_learning's `StandardTrainer`: plain L1, unit decoder rows.
  public static func dictionaryLearning(coefficient: CoefficientSchedule) -> ReLUConfiguration {
    ReLUConfiguration(
      penalty: .plainL1, coefficient: coefficient, decoderConstraint: .exactUnitRowsAfterStep,
      weightInitialization: .randomDirections(rowNorm: 0.1), decoderBiasInitialization: .zeros)
  }
}

extension ReLUConfiguration {
  /// dictionary_learning's `PAnnealTrainer`. A norm's exponent must not reach 0, where it is no norm any
  /// more.
  public static func pAnnealing(
    _ annealing: PAnnealing, form: ActivationPenalty.Form = .norm,
    coefficient: CoefficientSchedule
  ) -> ReLUConfiguration {
    dictionaryLearning(coefficient: coefficient).annealed(annealing, form)
  }
}

extension GatedConfiguration {
  /// dictionary_learning's `GatedAnnealTrainer`. A norm's exponent must not reach 0, where it is no norm
  /// any more.
  public static func pAnnealing(
    _ annealing: PAnnealing, form: ActivationPenalty.Form = .norm,
    coefficient: CoefficientSchedule
  ) -> GatedConfiguration {
    dictionaryLearning(coefficient: coefficient).annealed(annealing, form)
  }
}

extension AnnealedConfiguration {
  /// The same with a penalty whose exponent falls, on activations that no norm weights.
  fileprivate func annealed(
    _ annealing: PAnnealing, _ form: ActivationPenalty.Form
  ) -> Self {
    var configuration = self
    configuration.penalty = ActivationPenalty(
      form, exponent: 1, weightsByDecoderNorm: false)
    configuration.annealing = annealing
    return configuration
  }
}

extension KAnnealing {
  /// dictionary_learning's `k_anneal_steps`, of its releases after 0.1: from the width.
  public static func dictionaryLearning(steps: Int) -> KAnnealing {
    KAnnealing(steps: steps, inputMultiple: 1, rounding: .down)
  }
}

extension ThresholdAverage {
  /// dictionary_learning's: β is `threshold_beta`, counted are steps above `threshold_start_step`.
  public static func dictionaryLearning(
    beta: Double = 0.999, startStep: Int = 1000
  ) -> ThresholdAverage {
    ThresholdAverage(rate: 1 - beta, firstStep: startStep + 1, countsEmptyBatches: true)
  }
}

extension DeadLatents.Rule {
  /// The rule of dictionary_learning's BatchTopK, Matryoshka and JumpReLU trainers. Its ReLU trainer
  /// counts steps without firing for ``Resampling`` alone.
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
  ) throws(OptionError) -> LearningRateSchedule {
    if let decayStart {
      try OptionError.check(
        "decayStart", decayStart, in: warmUpSteps...max(warmUpSteps, totalSteps))
    }
    return try LearningRateSchedule(
      peak: peak, totalSteps: totalSteps, warmUpSteps: warmUpSteps, warmUp: .fromZero,
      decaySteps: decayStart.map { totalSteps - $0 } ?? 0, warmUpPeriod: resamplingPeriod)
  }
}
