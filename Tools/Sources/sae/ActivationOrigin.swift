import SAECore

/// What files of harvested activations say they were made from.
struct ActivationOrigin {
  /// The first file that says it.
  let file: String
  /// What the model is called.
  let model: String?
  /// The place in it.
  let hook: String
  /// The checksum of its weights.
  let weights: String

  /// - Returns: nil for files of other formats, and those that do not say it.
  private init?(_ file: String) throws {
    guard case .safetensors(let contents) = try TensorFile(file),
      let hook = contents.metadata["hook"], let weights = contents.metadata["weights_crc32"]
    else { return nil }
    self.file = file
    self.hook = hook
    self.weights = weights
    model = contents.metadata["model"]
  }

  /// What the files say that say it; nil if none does.
  ///
  /// - Throws: ``ToolError`` if two are of other weights or places.
  static func common(_ paths: [String]) throws -> ActivationOrigin? {
    var common: ActivationOrigin?
    for path in paths {
      for file in try ActivationFile.files(path) {
        guard let origin = try ActivationOrigin(file) else { continue }
        if let common {
          try origin.check(hook: common.hook, weights: common.weights, of: common.file)
        }
        common = common ?? origin
      }
    }
    return common
  }

  /// Throws if activations of weights and a place are something else.
  ///
  /// - Parameter other: what has them, for the message.
  func check(hook: String, weights: String, of other: String) throws {
    guard hook == self.hook, weights == self.weights else {
      throw ToolError(
        "\(file): expected activations at \(hook) of the model with weights \(weights), as \(other), "
          + "found \(self.hook) and \(self.weights)")
    }
  }
}
