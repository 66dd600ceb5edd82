extension Artifact {
  /// A run's checkpoint.
  static let checkpoint = Artifact(
    "a checkpoint", files: [TrainingCheckpoint.state], marks: [TrainingCheckpoint.header])

  /// A sweep's checkpoint.
  static let sweepCheckpoint = Artifact(
    "a checkpoint of a sweep", files: [], marks: [SweepCheckpoint.header],
    folders: [("member-", .checkpoint)])
}
