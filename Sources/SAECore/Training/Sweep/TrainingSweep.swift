/// Several autoencoders trained in one pass over the activations: other values of k or λ, other
/// numbers of latents, other variants.
///
///     var sweep = try TrainingSweep(on: activations, options: TrainingOptions(steps: 2000))
///     for k in [16, 32, 64] { try sweep.add(TopKConfiguration(k: k), latentCount: 4096) }
///     let gated = try sweep.add(GatedConfiguration(coefficient: .one), latentCount: 2048)
///     while let reports = try sweep.step() { print(reports.count) }
///     try sweep.autoencoder(gated).save(to: "gated")
///
/// Each one ends as the same bits as a ``TrainingRun`` of its own with the same options, also in a sweep
/// that goes on from a ``checkpoint(metadata:)``.
public struct TrainingSweep: Sendable {
  /// What all members share.
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
  /// - Parameters:
  ///   - source: what is encoded and, without targets, reconstructed.
  ///   - targets: what members, each a ``Transcoder``, reconstruct.
  ///   - options: what all members share.
  /// - Throws: ``OptionError`` for settings that make no sense, ``ShapeError`` if targets do not fit the
  ///   source, ``FileError`` if activations are not finite, and what keeps activations from being read.
  public init(
    on source: any ActivationSource, targets: (any ActivationSource)? = nil,
    options: TrainingOptions
  ) throws {
    let rows = try TrainingRows(source, targets: targets)
    self.init(
      options: options, sizes: try options.checkedSizes(rows),
      zeroBatch: ScaledBatch(zerosLike: rows), batches: try ScaledBatches(rows, options: options),
      resumed: nil)
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
  ///   - configuration: the settings of a variant.
  ///   - latentCount: the number of latents.
  ///   - options: the sweep's own unless given; those that decide which batches there are, and in what
  ///     scale, must be the same.
  /// - Throws: ``OptionError`` for settings that make no sense, if the variant cannot take the
  ///   sweep's normalization, and if the sweep has made a step, or the checkpoint has no further
  ///   member; ``ShapeError`` if settings do not fit each other; ``OptionError`` if the members
  ///   together cannot fit; ``FileError`` if the checkpoint's
  ///   member was begun with other settings.
  @discardableResult
  public mutating func add<Configuration: AutoencoderConfiguration>(
    _ configuration: Configuration, latentCount: Int, options: TrainingOptions? = nil
  ) throws -> Member<Configuration.Model> {
    let options = options ?? self.options
    try self.options.checkSharesBatches(with: options)
    var memory = memory
    var sizes = sizes
    sizes.latentCount = latentCount
    memory.add(options.memberMemory(configuration, sizes))
    try memory.check("training of \(members.count + 1) autoencoders")
    let checkpoint = try nextOfCheckpoint()
    let settings = try RunSettings(
      configuration, latentCount: latentCount, batch: zeroBatch,
      options: options, from: checkpoint)
    let trainer: Trainer<Configuration.Model>
    if let checkpoint {
      trainer = try settings.trainer(configuration, like: zeroBatch, from: checkpoint)
    } else {
      guard stepsMade == 0, let firstBatch else {
        throw OptionError(
          "member", expected: "a sweep before its first step", found: "step \(stepsMade)")
      }
      trainer = try settings.trainer(configuration, firstBatch: firstBatch.batch)
    }
    try trainer.model.checkTaking(scaling, targetScaling: targetScaling)
    members.append(
      SweepTraining(
        trainer: trainer, settings: settings, failure: resumed?.failures[members.count]))
    self.memory = memory
    return Member(index: members.count - 1)
  }

  /// What the next member to be added goes on from; nil in a sweep that begins.
  func nextOfCheckpoint() throws(OptionError) -> TrainingCheckpoint? {
    guard let resumed else { return nil }
    guard members.count < resumed.members.count else {
      throw OptionError(
        "member", expected: "\(resumed.members.count) members, as in the checkpoint",
        found: "another")
    }
    return resumed.members[members.count]
  }

  /// Makes a step of every member with the same batch; nil when all steps have been made.
  ///
  /// - Returns: one report per member, in the order in which they were added. A member in which something
  ///   is not finite stays as it was before that step, its error in the place of a report from then on; the
  ///   others go on.
  /// - Throws: what keeps activations from being read, ``FileError`` if they are not finite,
  ///   ``OptionError`` if members of a checkpoint have not been added.
  public mutating func step() throws -> [Result<StepReport, TrainingError>]? {
    if let resumed, resumed.members.count != members.count {
      throw OptionError(
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

  /// A member as it is now, for activations as they were put through ``scaling``.
  ///
  /// - Precondition: the member is of this sweep.
  public func model<Model>(_ member: Member<Model>) -> Model { trainer(of: member).averagedModel }

  /// A member as it is now, for activations as the source has them: ``model(_:)`` with the normalization
  /// folded into its weights, or where each token has a scale of its own, a ``NormalizedAutoencoder``
  /// around it.
  ///
  /// - Throws: ``OptionError`` if the variant cannot take the normalization, which no member begins with.
  /// - Precondition: the member is of this sweep.
  public func autoencoder<Model>(_ member: Member<Model>) throws -> any SparseAutoencoder {
    try model(member).taking(scaling, targetScaling: targetScaling)
  }

  /// A member as it is now, for activations as the source has them, to be saved: ``model(_:)`` with the
  /// normalization folded into its weights, or where each token has a scale of its own, a
  /// ``NormalizedAutoencoder`` around it.
  ///
  /// - Throws: ``OptionError`` if the variant cannot take the normalization, which no member begins with.
  /// - Precondition: the member is of this sweep.
  public func autoencoder<Model: StorableAutoencoder>(
    _ member: Member<Model>
  ) throws -> any StorableAutoencoder {
    try model(member).storable(scaling, targetScaling: targetScaling)
  }

  /// A member's trainer.
  ///
  /// - Precondition: the member is of this sweep.
  public func trainer<Model>(of member: Member<Model>) -> Trainer<Model> {
    guard let found = members[member.index] as? SweepTraining<Model> else {
      preconditionFailure("member \(member.index) belongs to another sweep")
    }
    return found.trainer
  }
}

extension TrainingOptions {
  /// The sizes of a run's rows, if there is memory for its batches.
  func checkedSizes(_ rows: TrainingRows) throws -> TrainingSizes {
    try OptionError.check("batchTokens", batchTokens, in: 1...Int.max)
    let sizes = TrainingSizes(rows.inputs, targets: rows.targets, latentCount: 0)
    try batchMemory(sizes).check("training")
    return sizes
  }

  /// Throws unless other options ask for the same batches in the same scale, as many of them.
  fileprivate func checkSharesBatches(with other: TrainingOptions) throws(OptionError) {
    func check<Value: Equatable>(
      _ name: String, _ value: KeyPath<TrainingOptions, Value>
    ) throws(OptionError) {
      guard self[keyPath: value] == other[keyPath: value] else {
        throw OptionError(
          name, expected: "\(self[keyPath: value]), as in the sweep's options",
          found: "\(other[keyPath: value])")
      }
    }
    try check("steps", \.steps)
    try check("batchTokens", \.batchTokens)
    try check("seed", \.seed)
    try check("normalization", \.data.normalization)
    try check("scaleTokens", \.data.scaleTokens)
    try check("bufferTokens", \.data.bufferTokens)
  }
}
