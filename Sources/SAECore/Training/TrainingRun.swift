/// A training run from activations to an autoencoder that works on them as they are.
///
///     var run = try TrainingRun<TopKAutoencoder>(
///       TopKConfiguration(k: 32), latents: 4096, on: activations,
///       options: TrainingOptions(steps: 2000))
///     while let report = try run.step() { print(report.step, report.loss) }
///     let autoencoder = try run.finished()
///
/// Equal sources, settings and seeds give equal bits for any number of threads. So does a run that
/// goes on from a ``checkpoint(metadata:)``.
public struct TrainingRun<Model: TrainableAutoencoder>: Sendable {
  /// The settings that the run was begun with.
  public let options: TrainingOptions
  /// What activations are multiplied by before training.
  public let scale: Double
  /// The model in training and all that is kept from step to step.
  public private(set) var trainer: Trainer<Model>

  private let description: TrainingCheckpoint.Description
  private let schedule: LearningRateSchedule
  private var batches: ReadAheadBatches
  /// The next batch, where it has been drawn to begin b_dec, and the position before it.
  private var firstBatch: (batch: Matrix, position: ShuffledActivations.Position)?

  /// Begins a run: measures the scale, draws the weights, takes b_dec from the first batch.
  ///
  /// - Throws: ``InvalidOption`` for settings that make no sense, ``ShapeError`` if they do not fit
  ///   each other, ``TrainingError`` if activations are not finite, and what keeps activations from
  ///   being read.
  public init(
    _ configuration: Model.Configuration, latents: Int, on source: any ActivationSource,
    options: TrainingOptions
  ) throws {
    let settings = try Settings(configuration, latents, source, options)
    var generator = RandomGenerator(seed: options.seed)
    let weights = try settings.weights(using: &generator)
    let stream = try ShuffledActivations(
      source, seed: generator.next(), bufferTokens: options.bufferTokens)
    batches = try ReadAheadBatches(stream, batchTokens: options.batchTokens)
    scale =
      options.scalesActivations
      ? try TrainingRun.measureScale(of: source, tokens: options.scaleTokens) : 1
    let first = try TrainingRun.scaled(
      batches.next(readsAhead: options.steps > 1), by: scale, step: 0)
    firstBatch = (first, stream.position)
    let model = try settings.model(weights, batch: first)
    trainer = Trainer(
      model, optimizer: options.optimizer.optimizer(for: model.parameters),
      clipping: settings.clipping, deadLatents: settings.deadLatents)
    description = settings.description
    schedule = settings.schedule
    self.options = options
  }

  /// Goes on with a run from where it stood.
  ///
  /// - Parameters:
  ///   - configuration: as the run began with; so are the others.
  ///   - latents: the number of latents.
  ///   - source: what is trained on.
  ///   - options: the settings that do not belong to a variant.
  ///   - checkpoint: of the run.
  /// - Throws: ``TensorFileError`` if the checkpoint is of another run, and as for a new run.
  public init(
    _ configuration: Model.Configuration, latents: Int, on source: any ActivationSource,
    options: TrainingOptions, from checkpoint: TrainingCheckpoint
  ) throws {
    let settings = try Settings(configuration, latents, source, options)
    try checkpoint.check(settings.description, options: options)
    // Weights that give way to the checkpoint's, and say what there has to be.
    var generator = RandomGenerator(seed: options.seed)
    let model = try settings.model(
      settings.weights(using: &generator), batch: Matrix(rows: 1, columns: source.width))
    do {
      trainer = try Trainer(
        model, optimizer: options.optimizer.optimizer(for: model.parameters),
        clipping: settings.clipping, deadLatents: settings.deadLatents, from: checkpoint.trainer)
    } catch {
      throw error.of(file: checkpoint.name)
    }
    batches = try ReadAheadBatches(
      ShuffledActivations(source, from: checkpoint.position), batchTokens: options.batchTokens)
    scale = checkpoint.scale
    description = settings.description
    schedule = settings.schedule
    self.options = options
  }

  /// Makes the next step; nil when all have been made.
  ///
  /// - Throws: ``TrainingError`` if something is not finite, and what keeps activations from being
  ///   read.
  public mutating func step() throws -> StepReport? {
    guard trainer.step < options.steps else { return nil }
    let batch: Matrix
    if let firstBatch {
      batch = firstBatch.batch
      self.firstBatch = nil
    } else {
      batch = try TrainingRun.scaled(
        batches.next(readsAhead: trainer.step + 1 < options.steps), by: scale, step: trainer.step)
    }
    return try trainer.train(on: batch, learningRate: schedule.rate(at: trainer.step))
  }

  /// Where the run stands, between two steps. It shares memory with the run until the next step.
  ///
  /// - Parameter metadata: whatever the caller wants to find again.
  public func checkpoint(metadata: [String: String] = [:]) -> TrainingCheckpoint {
    TrainingCheckpoint(
      trainer: trainer.state, scale: scale, position: firstBatch?.position ?? batches.position,
      run: description, metadata: metadata)
  }

  /// The autoencoder as it is now, for activations as the source has them: the scale is folded into
  /// the weights.
  public func finished() throws -> Model { try trainer.finishedModel.foldingScale(scale) }

  private static func scaled(_ batch: Matrix, by scale: Double, step: Int) throws -> Matrix {
    guard batch.isFinite() else {
      throw TrainingError.notFinite(step: step, term: "the activations")
    }
    var batch = batch
    if scale != 1 { batch.scale(by: Float(scale)) }
    return batch
  }
}

extension TrainingRun {
  /// What a run is made from, whether it begins or goes on.
  fileprivate struct Settings {
    let configuration: Model.Configuration
    let options: TrainingOptions
    let width: Int
    let latents: Int
    let schedule: LearningRateSchedule

    init(
      _ configuration: Model.Configuration, _ latents: Int, _ source: any ActivationSource,
      _ options: TrainingOptions
    ) throws(InvalidOption) {
      try InvalidOption.check("latents", latents, in: 1...Int(UInt32.max))
      try InvalidOption.check("steps", options.steps, in: 1...Int.max)
      try InvalidOption.check("batchTokens", options.batchTokens, in: 1...Int.max)
      self.configuration = configuration
      self.options = options
      self.latents = latents
      width = source.width
      schedule = try options.schedule(
        peak: options.learningRate ?? configuration.learningRate(latentCount: latents))
    }

    var description: TrainingCheckpoint.Description {
      TrainingCheckpoint.Description(
        Model.self, configuration, latents: latents, width: width, options: options)
    }

    var clipping: GradientClipping { options.clippingNorm.map { .globalNorm($0) } ?? .none }

    var deadLatents: DeadLatents {
      DeadLatents(latentCount: latents, rule: options.deadLatentRule)
    }

    func weights(using generator: inout RandomGenerator) throws -> ParameterSet {
      let weights = options.weightInitialization ?? configuration.weightInitialization
      return try weights.parameters(
        inputDimension: width, latentCount: latents, using: &generator)
    }

    /// The autoencoder that a run begins with.
    func model(_ weights: ParameterSet, batch: Matrix) throws -> Model {
      var parameters = weights
      let bias = options.decoderBiasInitialization ?? configuration.decoderBiasInitialization
      parameters[.decoderBias] = try bias.bias(for: batch)
      return try Model(
        parameters: configuration.initialParameters(parameters, batch: batch),
        configuration: configuration)
    }
  }
}
