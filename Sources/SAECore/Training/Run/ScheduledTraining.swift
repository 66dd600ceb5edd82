/// A trainer with its schedule, begun as options say; the batches come from outside.
struct ScheduledTraining<Model: TrainableAutoencoder>: Sendable {
  private(set) var trainer: Trainer<Model>
  /// Of what a checkpoint is one.
  let description: TrainingCheckpoint.Description
  private let schedule: LearningRateSchedule
  /// Nothing left to the library.
  private let options: TrainingOptions

  /// Draws the weights, and takes b_dec from the first batch.
  ///
  /// - Parameter firstBatch: in the scale that the model is trained in.
  /// - Throws: ``InvalidOption`` for settings that make no sense, ``ShapeError`` if they do not fit
  ///   each other.
  init(
    _ configuration: Model.Configuration, latents: Int, firstBatch: ScaledBatch,
    options: TrainingOptions
  ) throws {
    try ScheduledTraining.check(latents: latents, options)
    let settings = try RunSettings(
      Model.self, configuration, latents: latents, batch: firstBatch, options: options)
    let options = settings.options
    schedule = try options.schedule()
    let model = try ScheduledTraining.model(configuration, latents, firstBatch, options)
    try options.checkLossUnits(of: model)
    trainer = Trainer(
      model, optimizer: try options.optimizer(for: model.parameters),
      clipping: options.clipping,
      deadLatents: options.deadLatents(latents))
    trainer.divergencePatience = DivergenceWatch.patience(ofSteps: options.steps)
    description = settings.description
    self.options = options
  }

  /// Goes on from a checkpoint.
  ///
  /// - Parameter batch: one as wide as the batches.
  /// - Throws: ``TensorFileError`` if the checkpoint is of another run, and as for a new one.
  init(
    _ configuration: Model.Configuration, latents: Int, like batch: ScaledBatch,
    options: TrainingOptions, from checkpoint: TrainingCheckpoint
  ) throws {
    try ScheduledTraining.check(latents: latents, options)
    let settings = try RunSettings(
      Model.self, configuration, latents: latents, batch: batch, options: options,
      from: checkpoint)
    let options = settings.options
    try checkpoint.check(settings)
    self.options = options
    schedule = try options.schedule()
    description = settings.description
    // Weights that give way to the checkpoint's, and say what there has to be.
    let model = try ScheduledTraining.model(configuration, latents, batch, options)
    try options.checkLossUnits(of: model)
    let optimizer = try options.optimizer(for: model.parameters)
    do {
      trainer = try Trainer(
        model, optimizer: optimizer,
        clipping: options.clipping,
        deadLatents: options.deadLatents(latents),
        from: checkpoint.trainer)
    } catch {
      throw error.of(file: checkpoint.name)
    }
    trainer.divergencePatience = DivergenceWatch.patience(ofSteps: options.steps)
  }

  /// Resamples where that is due, and makes a step.
  ///
  /// - Throws: ``TrainingError``; all but the gradients is then as it was, resampled latents too.
  mutating func step(on batch: ScaledBatch) throws(TrainingError) -> StepReport {
    guard let resampling = options.resampling, resampling.isDue(at: trainer.step) else {
      return try train(on: batch)
    }
    let before = trainer
    do throws(TrainingError) {
      // A sequence of its own for each step, so that nothing has to be kept between steps.
      var generator = RandomGenerator(
        seed: options.seed ^ (UInt64(trainer.step) &* 0x9E37_79B9_7F4A_7C15))
      try trainer.resample(resampling, on: batch.activations, using: &generator)
      return try train(on: batch)
    } catch {
      trainer = before
      throw error
    }
  }

  private mutating func train(on batch: ScaledBatch) throws(TrainingError) -> StepReport {
    try trainer.train(
      on: batch.activations, target: batch.target,
      errorWeights: options.takesLossInOriginalUnits ? batch.errorWeights : nil,
      learningRate: schedule.rate(at: trainer.step))
  }

  /// That of the last step that was made.
  var lastLearningRate: Double { schedule.rate(at: max(0, trainer.step - 1)) }

  /// Throws where a number makes no sense, before anything is read or drawn.
  static func check(latents: Int, _ options: TrainingOptions) throws(InvalidOption) {
    try InvalidOption.check("latents", latents, in: 1...Int(UInt32.max))
    try InvalidOption.check("steps", options.steps, in: 1...Int.max)
    try InvalidOption.check("batchTokens", options.batchTokens, in: 1...Int.max)
    try options.optimizer.check()
  }

  /// The autoencoder that a run begins with.
  private static func model(
    _ configuration: Model.Configuration, _ latents: Int, _ batch: ScaledBatch,
    _ options: TrainingOptions
  ) throws -> Model {
    var generator = options.seeds.weights
    if let target = batch.target {
      try options.checkTakesTargets()
      var parameters = try configuration.initialParameters(
        inputs: batch.activations, outputs: target, latentCount: latents, using: &generator)
      if let bias = options.decoderBiasInitialization {
        parameters[.decoderBias] = try bias.bias(for: target)
      }
      return try Model(parameters: parameters, configuration: configuration)
    }
    guard let weights = options.weightInitialization, let bias = options.decoderBiasInitialization
    else { preconditionFailure("the beginning of the weights has not been decided") }
    var parameters = try weights.parameters(
      inputDimension: batch.activations.columns, latentCount: latents, using: &generator)
    parameters[.decoderBias] = try bias.bias(for: batch.activations)
    let model = try Model(
      parameters: configuration.initialParameters(parameters, batch: batch.activations),
      configuration: configuration)
    try options.checkResampling(of: model.parameters)
    return options.calibratesEncoder ? try model.calibratingEncoder(using: &generator) : model
  }
}

/// Of options that leave nothing to the library.
extension TrainingOptions {
  /// Counters for a run's beginning.
  fileprivate func deadLatents(_ latentCount: Int) -> DeadLatents {
    guard let deadLatentRule else { preconditionFailure("the rule has not been decided") }
    return DeadLatents(latentCount: latentCount, rule: deadLatentRule)
  }

  /// The learning rate of each step.
  ///
  /// - Throws: ``InvalidOption`` if phases are longer than the run.
  fileprivate func schedule() throws(InvalidOption) -> LearningRateSchedule {
    guard let learningRate, let warmUpSteps, let decaySteps else {
      preconditionFailure("the learning rate has not been decided")
    }
    return try LearningRateSchedule(
      peak: learningRate, totalSteps: steps, warmUpSteps: warmUpSteps, warmUp: warmUp,
      decaySteps: decaySteps, shape: learningRateShape, warmUpPeriod: resampling?.period)
  }

  /// Throws where dead latents are to be resampled that have not got what is resampled.
  fileprivate func checkResampling(of parameters: ParameterSet) throws(InvalidOption) {
    guard resampling != nil else { return }
    guard case .adam = optimizer else {
      throw InvalidOption("resampling", expected: "Adam as the optimizer", found: "\(optimizer)")
    }
    guard averagingDecay == nil else {
      throw InvalidOption(
        "resampling",
        expected: "no averagingDecay, whose average the replaced latents would stay in",
        found: "both")
    }
    guard parameters.contains(.encoder), parameters.contains(.encoderBias) else {
      throw InvalidOption(
        "resampling", expected: "an autoencoder with W_enc and b_enc",
        found: "parameters \(parameters.names.map(\.rawValue).joined(separator: ", "))")
    }
  }

  /// Throws where something is asked for that takes the target for the input.
  fileprivate func checkTakesTargets() throws(InvalidOption) {
    let given = [
      ("weightInitialization", weightInitialization.map { "\($0)" }),
      ("resampling", resampling.map { "\($0)" }),
      ("calibratesEncoder", calibratesEncoder ? "true" : nil),
    ]
    for (option, found) in given {
      guard let found else { continue }
      throw InvalidOption(
        option, expected: "none for inputs with targets, whose decoder is not the encoder's",
        found: found)
    }
  }

  /// Throws where the loss is to be in original units and cannot be.
  fileprivate func checkLossUnits(of model: some TrainableAutoencoder) throws(InvalidOption) {
    guard takesLossInOriginalUnits else { return }
    guard normalization == .layerNorm || normalization == .constantNormRescale else {
      throw InvalidOption(
        "takesLossInOriginalUnits",
        expected: "false unless each token has a scale of its own, layer_norm or "
          + "constant_norm_rescale", found: "true with \(normalization.rawValue)")
    }
    try model.checkErrorWeights()
  }

  /// The optimizer of parameters that begin as given.
  fileprivate func optimizer(for parameters: ParameterSet) throws(InvalidOption) -> any Optimizer {
    let base = optimizer.optimizer(for: parameters)
    guard let averagingDecay else { return base }
    return try AveragedOptimizer(base, decay: averagingDecay, for: parameters)
  }

  fileprivate var clipping: GradientClipping { clippingNorm.map { .globalNorm($0) } ?? .none }
}
