/// Several autoencoders trained in one pass over the activations: other values of k or λ, other
/// numbers of latents, other variants.
///
///     var sweep = try TrainingSweep(on: activations, options: TrainingOptions(steps: 2000))
///     for k in [16, 32, 64] { try sweep.add(TopKAutoencoder.self, TopKConfiguration(k: k), latents: 4096) }
///     let gated = try sweep.add(
///       GatedAutoencoder.self, GatedConfiguration(coefficient: .one), latents: 2048)
///     while let reports = try sweep.step() { print(reports.count) }
///     let autoencoder = try sweep.finished(gated)
///
/// Each one ends as the same bits as a ``TrainingRun`` of its own with the same options, also in a sweep
/// that goes on from a ``checkpoint(metadata:)``.
public struct TrainingSweep: Sendable {
  /// What all members share.
  public let options: TrainingOptions
  /// What activations are put through before training.
  public var scaling: ActivationScaling { batches.scaling }
  /// What activations are multiplied by before training; 1 under a normalization without a factor that
  /// all share.
  public var scale: Double { scaling.sharedFactor }
  /// What targets are put through before training; nil where the activations are what is reconstructed.
  public var targetScaling: ActivationScaling? { batches.targetScaling }
  /// What targets are multiplied by, as ``scale``.
  public var targetScale: Double? { targetScaling?.sharedFactor }
  /// Steps made.
  public private(set) var stepsMade = 0

  private(set) var members: [any SweepMember] = []
  private(set) var batches: ScaledBatches
  /// Drawn to begin b_dec, and trained on first; with the position before it.
  private(set) var firstBatch: (batch: ScaledBatch, position: ShuffledActivations.Position)?
  /// What the sweep goes on from, until its next step.
  private(set) var resumed: SweepCheckpoint?
  /// As wide as the batches.
  private let zeroBatch: ScaledBatch
  private let sizes: TrainingSizes
  /// Of the batches and the members.
  private var memory: MemoryEstimate

  /// One of a sweep's autoencoders.
  public struct Member<Model: TrainableAutoencoder>: Sendable {
    /// Its place in the order in which they were added.
    public let index: Int
  }

  /// Begins a sweep without members: fits the normalization and draws the first batch.
  ///
  /// - Throws: ``InvalidOption`` for settings that make no sense, ``NotFiniteError`` if activations are
  ///   not finite, and what keeps activations from being read.
  public init(on source: any ActivationSource, options: TrainingOptions) throws {
    self.init(
      options: options, sizes: try options.checkedSizes(source),
      zeroBatch: try ScaledBatch(zerosLike: source),
      batches: try ScaledBatches(source, options: options), resumed: nil)
    let position = batches.position
    firstBatch = (try batches.next(step: 0), position)
  }

  /// A sweep that has drawn no batch.
  init(
    options: TrainingOptions, sizes: TrainingSizes, zeroBatch: ScaledBatch, batches: ScaledBatches,
    resumed: SweepCheckpoint?
  ) {
    self.options = options
    self.sizes = sizes
    memory = options.batchMemory(sizes)
    self.zeroBatch = zeroBatch
    self.batches = batches
    self.resumed = resumed
    stepsMade = resumed?.step ?? 0
  }

  /// Adds an autoencoder, trained from the sweep's first step on; to a sweep that goes on from a
  /// checkpoint, the one that was added to it in the same place.
  ///
  /// - Parameters:
  ///   - model: the variant.
  ///   - configuration: its settings.
  ///   - latents: the number of latents.
  ///   - options: the sweep's own unless given; what says which activations there are, and in what
  ///     scale, must be the same.
  /// - Throws: ``InvalidOption`` for settings that make no sense, if the variant cannot be finished with
  ///   the sweep's normalization, and if the sweep has made a step, or the checkpoint has no further
  ///   member; ``ShapeError`` if settings do not fit each other; ``InsufficientMemory`` if the members
  ///   together cannot fit; ``TensorFileError`` if the checkpoint's
  ///   member was begun with other settings.
  @discardableResult
  public mutating func add<Model: TrainableAutoencoder>(
    _ model: Model.Type, _ configuration: Model.Configuration, latents: Int,
    options: TrainingOptions? = nil
  ) throws -> Member<Model> {
    let options = options ?? self.options
    try self.options.checkSharesBatches(with: options)
    var memory = memory
    var sizes = sizes
    sizes.latentCount = latents
    memory.add(options.memberMemory(configuration, sizes))
    try memory.check("training of \(members.count + 1) autoencoders")
    members.append(
      try resumed.map { try member(model, configuration, latents, options, from: $0) }
        ?? newMember(model, configuration, latents, options))
    self.memory = memory
    return Member(index: members.count - 1)
  }

  private func newMember<Model: TrainableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration, _ latents: Int, _ options: TrainingOptions
  ) throws -> SweepTraining<Model> {
    guard stepsMade == 0, let firstBatch else {
      throw InvalidOption(
        "member", expected: "a sweep before its first step", found: "step \(stepsMade)")
    }
    let training = try ScheduledTraining<Model>(
      configuration, latents: latents, firstBatch: firstBatch.batch, options: options)
    try training.trainer.model.checkTaking(scaling, targetScaling: targetScaling)
    return SweepTraining(training: training)
  }

  /// The next member of a checkpoint.
  private func member<Model: TrainableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration, _ latents: Int,
    _ options: TrainingOptions, from checkpoint: SweepCheckpoint
  ) throws -> SweepTraining<Model> {
    let training = try ScheduledTraining<Model>(
      configuration, latents: latents, like: zeroBatch, options: options, from: nextOfCheckpoint())
    try training.trainer.model.checkTaking(scaling, targetScaling: targetScaling)
    return SweepTraining(training: training, failure: checkpoint.failures[members.count])
  }

  /// What the next member to be added goes on from.
  func nextOfCheckpoint() throws(InvalidOption) -> TrainingCheckpoint {
    let count = resumed?.members.count ?? 0
    guard let resumed, members.count < count else {
      throw InvalidOption(
        "member", expected: "\(count) members, as in the checkpoint", found: "another")
    }
    return resumed.members[members.count]
  }

  /// Makes a step of every member with the same batch; nil when all steps have been made.
  ///
  /// - Returns: one report a member, in the order in which they were added. A member in which
  ///   something is not finite stays as it was before that step, its error in the place of a report
  ///   from then on; the others go on.
  /// - Throws: what keeps activations from being read, ``NotFiniteError`` if they are not finite,
  ///   ``InvalidOption`` if members of a checkpoint have not been added.
  public mutating func step() throws -> [Result<StepReport, TrainingError>]? {
    if let resumed, resumed.members.count != members.count {
      throw InvalidOption(
        "member", expected: "\(resumed.members.count) members, as in the checkpoint",
        found: "\(members.count)")
    }
    guard stepsMade < options.steps else { return nil }
    // It would keep the memory that its members no longer share.
    resumed = nil
    let batch = try firstBatch?.batch ?? batches.next(step: stepsMade)
    firstBatch = nil
    stepsMade += 1
    return members.indices.map { members[$0].step(on: batch) }
  }

  /// A member as it is now, for activations as the source has them: the normalization is folded into
  /// the weights.
  ///
  /// - Throws: ``InvalidOption`` under a normalization that cannot be folded, for which there is
  ///   ``finishedAutoencoders()``.
  /// - Precondition: the member is of this sweep.
  public func finished<Model>(_ member: Member<Model>) throws -> Model {
    try trainer(of: member).finishedModel.folding(scaling, targetScaling: targetScaling)
  }

  /// All members as they are now, in the order in which they were added.
  ///
  /// - Throws: ``InvalidOption`` under a normalization that cannot be folded, for which there is
  ///   ``finishedAutoencoders()``.
  public func finished() throws -> [any TrainableAutoencoder] {
    try members.map { try $0.finished(scaling, targetScaling: targetScaling) }
  }

  /// All members as they are now, in the order in which they were added: as ``finished()`` has them,
  /// or where each token has a scale of its own, each a ``NormalizedAutoencoder``.
  public func finishedAutoencoders() throws -> [any SparseAutoencoder] {
    try members.map { try $0.finishedAutoencoder(scaling, targetScaling: targetScaling) }
  }

  /// A member's trainer.
  ///
  /// - Precondition: the member is of this sweep.
  public func trainer<Model>(of member: Member<Model>) -> Trainer<Model> {
    guard let found = members[member.index] as? SweepTraining<Model> else {
      preconditionFailure("member \(member.index) belongs to another sweep")
    }
    return found.training.trainer
  }
}

extension TrainingOptions {
  /// The sizes of a source, if there is memory for its batches.
  func checkedSizes(_ source: any ActivationSource) throws -> TrainingSizes {
    try InvalidOption.check("batchTokens", batchTokens, in: 1...Int.max)
    let sizes = TrainingSizes(source, latents: 0)
    try batchMemory(sizes).check("training")
    return sizes
  }

  /// Throws unless other options ask for the same batches in the same scale, as many of them.
  fileprivate func checkSharesBatches(with other: TrainingOptions) throws(InvalidOption) {
    func check<Value: Equatable>(
      _ name: String, _ value: KeyPath<TrainingOptions, Value>
    ) throws(InvalidOption) {
      guard self[keyPath: value] == other[keyPath: value] else {
        throw InvalidOption(
          name, expected: "\(self[keyPath: value]), as in the sweep's options",
          found: "\(other[keyPath: value])")
      }
    }
    try check("steps", \.steps)
    try check("batchTokens", \.batchTokens)
    try check("seed", \.seed)
    try check("normalization", \.normalization)
    try check("scaleTokens", \.scaleTokens)
    try check("bufferTokens", \.bufferTokens)
  }
}
