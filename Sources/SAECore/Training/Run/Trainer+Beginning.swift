extension Trainer {
  /// A trainer of an autoencoder that begins as options say: draws the weights, and takes b_dec from the
  /// first batch.
  ///
  /// - Parameters:
  ///   - firstBatch: in the scale that the model is trained in.
  ///   - options: nothing left to the library.
  /// - Throws: ``OptionError`` for settings that make no sense, ``ShapeError`` if they do not fit
  ///   each other.
  init(
    _ configuration: Model.Configuration, latentCount: Int, firstBatch: ScaledBatch,
    options: TrainingOptions
  ) throws {
    let schedule = try options.learningRates()
    let model = try Model.beginning(configuration, latentCount, firstBatch, options)
    try options.checkLossUnits(of: model)
    self.init(
      model, schedule: schedule, optimizer: try options.newOptimizer(for: model.parameters),
      clipping: options.clipping, deadLatents: options.deadLatents(latentCount),
      resampling: options.revival.resampling, seed: options.seed)
    divergencePatience = DivergenceWatch.patience(ofSteps: options.steps)
  }
}

extension TrainableAutoencoder {
  /// The autoencoder that a run begins with.
  fileprivate static func beginning(
    _ configuration: Configuration, _ latentCount: Int, _ batch: ScaledBatch,
    _ options: TrainingOptions
  ) throws -> Self {
    var generator = options.seeds.weights
    if let target = batch.target {
      try options.checkTakesTargets()
      var parameters = try configuration.initialParameters(
        inputs: batch.activations, outputs: target, latentCount: latentCount, using: &generator)
      if let bias = options.beginning.decoderBias {
        parameters[.decoderBias] = try bias.bias(for: target)
      }
      return try Self(parameters: parameters, configuration: configuration)
    }
    guard let weights = options.beginning.weights, let bias = options.beginning.decoderBias
    else { preconditionFailure("the beginning of the weights has not been decided") }
    var parameters = try weights.parameters(
      inputDimension: batch.activations.columns, latentCount: latentCount, using: &generator)
    parameters[.decoderBias] = try bias.bias(for: batch.activations)
    let model = try Self(
      parameters: configuration.initialParameters(parameters, batch: batch.activations),
      configuration: configuration)
    try options.checkResampling(of: model.parameters)
    return options.beginning.calibratesEncoder
      ? try model.calibratingEncoder(using: &generator) : model
  }
}

/// Of options that leave nothing to the library.
extension TrainingOptions {
  /// Counters for a run's beginning.
  fileprivate func deadLatents(_ latentCount: Int) -> DeadLatents {
    guard let deadLatentRule = revival.deadLatentRule else {
      preconditionFailure("the rule has not been decided")
    }
    return DeadLatents(latentCount: latentCount, rule: deadLatentRule)
  }

  /// The learning rate of each step.
  ///
  /// - Throws: ``OptionError`` if phases are longer than the run.
  fileprivate func learningRates() throws(OptionError) -> LearningRateSchedule {
    guard let learningRate = schedule.learningRate, let warmUpSteps = schedule.warmUpSteps,
      let decaySteps = schedule.decaySteps
    else {
      preconditionFailure("the learning rate has not been decided")
    }
    return try LearningRateSchedule(
      peak: learningRate, totalSteps: steps, warmUpSteps: warmUpSteps, warmUp: schedule.warmUp,
      decaySteps: decaySteps, shape: schedule.shape, warmUpPeriod: revival.resampling?.period)
  }

  /// Throws if latents are to be resampled in a model that lacks the parameters, or with an optimizer that
  /// lacks the moments, that resampling changes.
  fileprivate func checkResampling(of parameters: ParameterSet) throws(OptionError) {
    guard revival.resampling != nil else { return }
    guard case .adam = optimizer.algorithm else {
      throw OptionError(
        "resampling", expected: "Adam as the optimizer", found: "\(optimizer.algorithm)")
    }
    guard optimizer.averagingDecay == nil else {
      throw OptionError(
        "resampling",
        expected: "no averagingDecay, whose average the replaced latents would stay in",
        found: "both")
    }
    guard parameters.contains(.encoder), parameters.contains(.encoderBias) else {
      throw OptionError(
        "resampling", expected: "an autoencoder with W_enc and b_enc",
        found: "parameters \(parameters.names.map(\.rawValue).joined(separator: ", "))")
    }
  }

  /// Throws if an option would take the target for the input.
  fileprivate func checkTakesTargets() throws(OptionError) {
    let given = [
      ("weightInitialization", beginning.weights.map { "\($0)" }),
      ("resampling", revival.resampling.map { "\($0)" }),
      ("calibratesEncoder", beginning.calibratesEncoder ? "true" : nil),
    ]
    for (option, found) in given {
      guard let found else { continue }
      throw OptionError(
        option, expected: "none for inputs with targets, whose decoder is not the encoder's",
        found: found)
    }
  }

  /// Throws if the loss is to be in original units and the variant or the normalization does not allow it.
  fileprivate func checkLossUnits(of model: some TrainableAutoencoder) throws(OptionError) {
    guard data.takesLossInOriginalUnits else { return }
    guard data.normalization == .layerNorm || data.normalization == .constantNormRescale else {
      throw OptionError(
        "takesLossInOriginalUnits",
        expected: "false unless each token has a scale of its own, layer_norm or "
          + "constant_norm_rescale", found: "true with \(data.normalization.rawValue)")
    }
    try model.checkErrorWeights()
  }

  /// The optimizer of parameters that begin as given.
  fileprivate func newOptimizer(for parameters: ParameterSet) throws(OptionError) -> any Optimizer {
    let base = optimizer.algorithm.optimizer(for: parameters)
    guard let averagingDecay = optimizer.averagingDecay else { return base }
    return try AveragedOptimizer(base, decay: averagingDecay, for: parameters)
  }

  fileprivate var clipping: GradientClipping {
    optimizer.clippingNorm.map { .globalNorm($0) } ?? .none
  }
}
