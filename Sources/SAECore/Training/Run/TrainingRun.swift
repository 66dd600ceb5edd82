/// A training run from activations to an autoencoder that works on them as they are.
///
///     var run = try TrainingRun(
///       TopKConfiguration(k: 32), latentCount: 4096, on: activations,
///       options: TrainingOptions(steps: 2000))
///     try run.train { step in print(step.number, step.loss) }
///     try run.autoencoder().save(to: "my-sae")
///
/// Equal sources, settings and seeds give equal bits for any number of threads. So does a run that
/// goes on from a ``checkpoint(metadata:)``.
public struct TrainingRun<Model: TrainableAutoencoder>: Sendable {
  /// The settings that the run was begun with.
  public let options: TrainingOptions
  /// The normalization that activations are put through before training.
  public var scaling: ActivationScaling { batches.scaling }
  /// What activations are multiplied by before training; 1 under a normalization without a factor that
  /// all share.
  public var scale: Double { scaling.sharedFactor }
  /// The normalization of targets; nil without targets.
  public var targetScaling: ActivationScaling? { batches.targetScaling }
  /// What targets are multiplied by, as ``scale``.
  public var targetScale: Double? { targetScaling?.sharedFactor }
  /// The model in training and all that is kept from step to step.
  public private(set) var trainer: Trainer<Model>

  /// The description that a checkpoint is identified by.
  private let description: TrainingCheckpoint.Description
  private(set) var batches: ScaledBatches
  /// The next batch, where it has been drawn already, and the position before it: to begin b_dec, or for
  /// a step that failed.
  private var drawnBatch: (batch: ScaledBatch, position: ShuffledActivations.Position)?

  /// Begins a run: fits the normalization, draws the weights, takes b_dec from the first batch, from
  /// its targets where it has any.
  ///
  /// Targets are put through a normalization of their own, with numbers of their own. Refused are then
  /// normalizations of more than a factor, variants that reconstruct their input, and
  /// ``TrainingOptions/Beginning/weights``, ``TrainingOptions/Beginning/calibratesEncoder`` and
  /// ``TrainingOptions/Revival/resampling``, which take the target for the input.
  ///
  /// - Parameters:
  ///   - configuration: the settings of a variant.
  ///   - latentCount: the number of latents.
  ///   - source: what is encoded and, without targets, reconstructed.
  ///   - targets: what a ``Transcoder`` reconstructs, of the same tokens in the same order.
  ///   - options: the settings that do not belong to a variant.
  /// - Throws: ``OptionError`` for settings that make no sense, a normalization that the variant
  ///   cannot take among them, or if the run does not fit in memory; ``ShapeError`` if
  ///   settings do not fit each other, or targets the source; ``FileError`` if activations are not
  ///   finite, and what keeps activations from being read.
  public init<Configuration: AutoencoderConfiguration>(
    _ configuration: Configuration, latentCount: Int, on source: any ActivationSource,
    targets: (any ActivationSource)? = nil, options: TrainingOptions
  ) throws where Configuration.Model == Model {
    let rows = try TrainingRows(source, targets: targets)
    let settings = try RunSettings(
      configuration, latentCount: latentCount, batch: ScaledBatch(zerosLike: rows),
      options: options)
    let sizes = TrainingSizes(source, targets: targets, latentCount: latentCount)
    try options.memory(configuration, sizes).check("training")
    batches = try ScaledBatches(rows, options: options)
    let position = batches.position
    let first = try batches.next(step: 0)
    trainer = try settings.trainer(configuration, firstBatch: first)
    description = settings.description
    try trainer.model.checkTaking(batches.scaling, targetScaling: batches.targetScaling)
    drawnBatch = (first, position)
    self.options = options
  }

  /// Goes on with a run from where it stood.
  ///
  /// - Parameters:
  ///   - configuration: as the run began with; so are the others.
  ///   - latentCount: the number of latents.
  ///   - source: what is encoded.
  ///   - targets: what is reconstructed, unless that is the source.
  ///   - options: the settings that do not belong to a variant.
  ///   - checkpoint: of the run.
  /// - Throws: ``FileError`` if the checkpoint is of another run or of one on other activations,
  ///   and as for a new run.
  public init<Configuration: AutoencoderConfiguration>(
    _ configuration: Configuration, latentCount: Int, on source: any ActivationSource,
    targets: (any ActivationSource)? = nil, options: TrainingOptions,
    from checkpoint: TrainingCheckpoint
  ) throws where Configuration.Model == Model {
    let rows = try TrainingRows(source, targets: targets)
    let sizes = TrainingSizes(source, targets: targets, latentCount: latentCount)
    try options.memory(configuration, sizes).check("training")
    let batch = ScaledBatch(zerosLike: rows)
    let settings = try RunSettings(
      configuration, latentCount: latentCount, batch: batch, options: options,
      from: checkpoint)
    trainer = try settings.trainer(configuration, like: batch, from: checkpoint)
    description = settings.description
    batches = try ScaledBatches(rows, options: options, from: checkpoint)
    self.options = options
  }

  /// Goes on with a run from where it stood, with the settings that it was begun with.
  ///
  /// - Throws: ``FileError`` if the checkpoint is of another variant, and as for a new run.
  public init(
    from checkpoint: TrainingCheckpoint, on source: any ActivationSource,
    targets: (any ActivationSource)? = nil
  ) throws where Model.Configuration: Decodable, Model.Configuration.Model == Model {
    try self.init(
      checkpoint.configuration(of: Model.self), latentCount: checkpoint.latentCount, on: source,
      targets: targets, options: checkpoint.options(), from: checkpoint)
  }

  /// Makes the next step; nil when all have been made.
  ///
  /// - Throws: ``TrainingError`` if something is not finite, and what keeps activations from being
  ///   read. After a ``TrainingError`` the run stands where it stood before the step.
  public mutating func step() throws -> StepReport? {
    guard trainer.step < options.steps else { return nil }
    let (batch, position) = try nextBatch()
    do throws(TrainingError) {
      return try trainer.train(on: batch, options)
    } catch {
      drawnBatch = (batch, position)
      throw error
    }
  }

  private mutating func nextBatch() throws -> (ScaledBatch, ShuffledActivations.Position) {
    if let drawn = drawnBatch {
      drawnBatch = nil
      return drawn
    }
    let position = batches.position
    return (try batches.next(step: trainer.step), position)
  }

  /// Whether reconstructions of the last step were beyond any sense: after some such steps, or at the end,
  /// the run ends with ``TrainingError/diverged(step:since:error:bound:learningRate:)``.
  public var isDiverging: Bool { trainer.watch.since != nil }

  /// Where the run stands, between two steps. It shares memory with the run until the next step.
  ///
  /// - Parameter metadata: whatever the caller wants to find again.
  public func checkpoint(metadata: [String: String] = [:]) -> TrainingCheckpoint {
    TrainingCheckpoint(
      trainer: trainer.state, scaling: scaling, targetScaling: targetScaling,
      position: drawnBatch?.position ?? batches.position, activations: batches.sample,
      run: description, metadata: metadata)
  }

  /// The autoencoder as it is now, for activations as they were put through ``scaling``: that of the
  /// trainer unless its optimizer averages over steps.
  public var model: Model { trainer.averagedModel }

  /// The autoencoder as it is now, for activations as the source has them: ``model`` with the
  /// normalization folded into its weights, or where each token has a scale of its own, a
  /// ``NormalizedAutoencoder`` around it.
  ///
  /// - Throws: ``OptionError`` if the variant cannot take the normalization, which no run begins with.
  public func autoencoder() throws -> any SparseAutoencoder {
    try model.taking(scaling, targetScaling: targetScaling)
  }
}

extension TrainingRun where Model: StorableAutoencoder {
  /// The autoencoder as it is now, for activations as the source has them, to be saved: ``model`` with the
  /// normalization folded into its weights, or where each token has a scale of its own, a
  /// ``NormalizedAutoencoder`` around it.
  ///
  /// - Throws: ``OptionError`` if the variant cannot take the normalization, which no run begins with.
  public func autoencoder() throws -> any StorableAutoencoder {
    try model.storable(scaling, targetScaling: targetScaling)
  }
}
