import SAECore

extension TrainingRun {
  /// The autoencoder as it is now, for activations as the source has them, by its type.
  func folded() throws -> Model { try model.folding(scaling, targetScaling: targetScaling) }
}

extension TrainingSweep {
  /// A member as it is now, for activations as the source has them, by its type.
  func folded<Model>(_ member: Member<Model>) throws -> Model {
    try model(member).folding(scaling, targetScaling: targetScaling)
  }
}
