extension TrainingCheckpoint {
  /// Whether activations are compared with those that the run began with. Checkpoints of version 0.1.0 hold
  /// only the number of rows.
  public var knowsActivations: Bool { activations != nil }

  /// Throws where a source holds other activations than the run began with.
  ///
  /// - Returns: what they are known by.
  func check(_ source: any ActivationSource) throws -> ActivationSample {
    let found = try ActivationSample(source)
    // Another number of rows is told as such, where the reading goes on.
    guard let activations, position.tokens == source.tokens, !activations.isOfSame(found) else {
      return found
    }
    throw FileError.invalidSetting(
      file: name, setting: "activations",
      expected: "those that the run began with, of whose rows some have the checksum "
        + "\(activations.crc32)", found: "others, of checksum \(found.crc32)")
  }
}
