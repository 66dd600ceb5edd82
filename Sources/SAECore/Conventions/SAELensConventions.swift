extension TopKConfiguration {
  /// SAELens' conventions for training, which are the defaults; its rule for dead latents is
  /// ``DeadLatents/Rule/saeLens(window:)``.
  public static func saeLens(k: Int) -> TopKConfiguration { TopKConfiguration(k: k) }
}

extension BatchTopKConfiguration {
  /// SAELens' conventions for training; its rule for dead latents is
  /// ``DeadLatents/Rule/saeLens(window:)``.
  public static func saeLens(meanK: Double) -> BatchTopKConfiguration {
    BatchTopKConfiguration(meanK: meanK, thresholdAverage: .saeLens())
  }
}

extension MatryoshkaConfiguration {
  /// SAELens' conventions for training; its rule for dead latents is
  /// ``DeadLatents/Rule/saeLens(window:)``.
  public static func saeLens(meanK: Double, widths: [Int]) -> MatryoshkaConfiguration {
    MatryoshkaConfiguration(meanK: meanK, levels: .widths(widths), thresholdAverage: .saeLens())
  }
}

extension AbsTopKConfiguration {
  /// SAELens' conventions for training.
  public static func saeLens(k: Int) -> AbsTopKConfiguration { AbsTopKConfiguration(k: k) }
}

extension JumpReLUConfiguration {
  /// SAELens' conventions for training; its rule for dead latents is
  /// ``DeadLatents/Rule/saeLens(window:)``.
  public static func saeLens(
    _ loss: SparsityLoss = .step, coefficient: CoefficientSchedule
  ) -> JumpReLUConfiguration {
    JumpReLUConfiguration(
      sparsityLoss: loss, coefficient: coefficient, bandwidth: 0.05, initialThreshold: 0.01,
      estimator: .threshold, preActivationLoss: nil)
  }
}

extension GatedConfiguration {
  /// SAELens' conventions for training: the defaults, but b_dec begins at 0.
  public static func saeLens(coefficient: CoefficientSchedule) -> GatedConfiguration {
    GatedConfiguration(coefficient: coefficient, decoderBiasInitialization: .zeros)
  }
}

extension ReLUConfiguration {
  /// SAELens' conventions: the defaults, but rows begin at norm 0.1 and b_dec at 0. So does
  /// dictionary_learning's `StandardTrainerAprilUpdate`.
  ///
  /// - Parameters:
  ///   - coefficient: the factor of the penalty.
  ///   - exponent: its `lp_norm`.
  public static func saeLens(
    coefficient: CoefficientSchedule, exponent: Double = 1
  ) -> ReLUConfiguration {
    ReLUConfiguration(
      penalty: ActivationPenalty(.norm, exponent: exponent, weightsByDecoderNorm: true),
      coefficient: coefficient, weightInitialization: .saeLens, decoderBiasInitialization: .zeros)
  }
}

extension WeightInitialization {
  /// SAELens' of every variant: ``smallRows``, its `decoder_init_norm` being 0.1.
  public static let saeLens = WeightInitialization.smallRows
}

extension ThresholdAverage {
  /// SAELens': from 0 and the first step on; `topk_threshold_lr` is the rate.
  public static func saeLens(rate: Double = 0.01) -> ThresholdAverage {
    ThresholdAverage(rate: rate, beginsAtZero: true)
  }
}

extension DeadLatents.Rule {
  /// SAELens': no firing for more than `dead_feature_window` steps before the current one.
  public static func saeLens(window: Int = 1000) -> DeadLatents.Rule { .stepsBeforeBatch(window) }
}

extension LearningRateSchedule {
  /// SAELens' schedule: `lr_warm_up_steps`, `lr_decay_steps` and `lr_scheduler_name`, whose `lr_end`
  /// is a tenth of the peak unless given.
  public static func saeLens(
    peak: Double, totalSteps: Int, warmUpSteps: Int = 0, decaySteps: Int = 0,
    shape: Shape = .constant
  ) throws(OptionError) -> LearningRateSchedule {
    try LearningRateSchedule(
      peak: peak, totalSteps: totalSteps, warmUpSteps: warmUpSteps, decaySteps: decaySteps,
      shape: shape)
  }
}
