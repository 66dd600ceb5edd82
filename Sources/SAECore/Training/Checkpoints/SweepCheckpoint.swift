/// Where a ``TrainingSweep`` stands: with the same activations, settings and members, a sweep that goes
/// on from it makes the same steps as one that was never interrupted, bit for bit.
public struct SweepCheckpoint: Sendable, Equatable {
  /// Steps that the sweep has made.
  public package(set) var step: Int
  /// Where each member stands, in the order in which they were added; all at one place in the stream
  /// and in one scale.
  public package(set) var members: [TrainingCheckpoint]
  /// The error of each member that makes no more steps; nil for the others.
  public package(set) var failures: [TrainingError?]
  /// Whatever the writer wants to find again.
  public var metadata: [String: String]
  /// Where it was read from, for errors.
  public var name = "checkpoint"

  /// Throws unless its parts agree with each other.
  func check() throws(FileError) {
    func check(_ setting: String, _ holds: Bool, _ expected: String, _ found: String)
      throws(FileError)
    {
      guard !holds else { return }
      throw .invalidSetting(file: name, setting: setting, expected: expected, found: found)
    }
    try check("step", step >= 0, "0 or more", "\(step)")
    try check("members", !members.isEmpty, "at least one", "none")
    try check(
      "failures", failures.count == members.count, "\(members.count), as members",
      "\(failures.count)")
    for (member, failure) in zip(members, failures) {
      let isBehind = failure != nil && member.step <= step
      try check(
        "step of \(member.name)", isBehind || member.step == step, "\(step), as the sweep's",
        "\(member.step)")
      try check(
        "activations of \(member.name)",
        member.scaling == members[0].scaling && member.targetScaling == members[0].targetScaling
          && member.position == members[0].position,
        "the scale and place of \(members[0].name)", "others")
    }
  }
}

extension TrainingSweep {
  /// Goes on with a sweep from where it stood, once the same members have been added again, in the
  /// same order.
  ///
  /// - Parameters:
  ///   - source: what is encoded.
  ///   - targets: what is reconstructed, unless that is the source.
  ///   - options: as the sweep began with.
  ///   - checkpoint: of the sweep.
  /// - Throws: ``FileError`` if the checkpoint has no members or contradicts itself, and as for a new
  ///   sweep. Adding a member throws where its settings are not those of the checkpoint.
  public init(
    on source: any ActivationSource, targets: (any ActivationSource)? = nil,
    options: TrainingOptions, from checkpoint: SweepCheckpoint
  ) throws {
    try checkpoint.check()
    let rows = try TrainingRows(source, targets: targets)
    self.init(
      options: options, sizes: try options.checkedSizes(rows),
      zeroBatch: ScaledBatch(zerosLike: rows),
      batches: try ScaledBatches(rows, options: options, from: checkpoint.members[0]),
      resumed: checkpoint)
  }

  /// Goes on with a sweep from where it stood, with the options that it was begun with: its members come
  /// back by ``resume(_:)``.
  ///
  /// - Throws: ``FileError`` if the checkpoint has no members or contradicts itself, and as for a
  ///   new sweep.
  public init(
    on source: any ActivationSource, targets: (any ActivationSource)? = nil,
    from checkpoint: SweepCheckpoint
  ) throws {
    try checkpoint.check()
    try self.init(
      on: source, targets: targets, options: checkpoint.members[0].options(), from: checkpoint)
  }

  /// Brings back the checkpoint's next member, with the settings that it was begun with.
  ///
  /// - Parameter model: its variant.
  /// - Throws: ``OptionError`` if the checkpoint has no further member, ``FileError`` if that is
  ///   of another variant.
  @discardableResult
  public mutating func resume<Model: TrainableAutoencoder>(
    _ model: Model.Type
  ) throws -> Member<Model>
  where Model.Configuration: Decodable, Model.Configuration.Model == Model {
    try resume(model) { try $0.configuration(of: model) }
  }

  /// Brings back the checkpoint's next member, whose settings are more than the checkpoint holds, such as a
  /// boosted one's base.
  ///
  /// - Parameters:
  ///   - model: its variant.
  ///   - configuration: its settings, which may be made from ``TrainingCheckpoint/configuration(as:key:)``.
  /// - Throws: as ``resume(_:)``, and what `configuration` throws.
  @discardableResult
  public mutating func resume<Model: TrainableAutoencoder>(
    _ model: Model.Type, configuration: (TrainingCheckpoint) throws -> Model.Configuration
  ) throws -> Member<Model> where Model.Configuration.Model == Model {
    guard let checkpoint = try nextOfCheckpoint() else {
      throw OptionError("member", expected: "a sweep from a checkpoint", found: "a new one")
    }
    return try add(
      configuration(checkpoint), latentCount: checkpoint.latentCount,
      options: checkpoint.options())
  }

  /// Where the sweep stands, between two steps. It shares memory with the sweep until the next step.
  ///
  /// - Parameter metadata: whatever the caller wants to find again.
  public func checkpoint(metadata: [String: String] = [:]) -> SweepCheckpoint {
    let position = firstBatch?.position ?? batches.position
    var checkpoint = SweepCheckpoint(
      step: stepsMade,
      members: members.map {
        $0.checkpoint(batches, position: position)
      },
      failures: members.map(\.failure), metadata: metadata)
    // Members that have not been added again stand where they stood.
    if let resumed {
      checkpoint.members += resumed.members.dropFirst(members.count)
      checkpoint.failures += resumed.failures.dropFirst(members.count)
    }
    return checkpoint
  }
}
