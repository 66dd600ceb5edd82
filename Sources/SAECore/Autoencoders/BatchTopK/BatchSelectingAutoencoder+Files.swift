/// Files of autoencoders that select over batches, as SAELens has them: finished ones are JumpReLU
/// autoencoders of one threshold, with the decoder's norms folded into the encoder if latents were
/// rescaled by them; checkpoints have the threshold as a number of its own.
extension BatchSelectingAutoencoder {
  /// The finished form. What was never trained has a threshold of 0.
  func thresholdArchive(
    trainedAs name: SAEArchitecture.Activation, details: [(key: String, value: JSONValue)]
  ) -> SAEArchive {
    let folded =
      configuration.rescalesByDecoderNorm ? parameters.foldingDecoderNorms() : parameters
    var archive = archive(SAEArchitecture(.jumpReLU), parameters: folded)
    archive.parameters[SAEArchive.threshold] = SAEArchive.Parameter(
      Matrix(rows: 1, columns: latentCount, repeating: Float(threshold ?? 0)), isVector: true)
    var object = JSONObject()
    for (key, value) in details { object[key] = value }
    object[SAEArchive.rescaling] = .bool(configuration.rescalesByDecoderNorm)
    archive.metadata[SAEArchive.trainingArchitecture] = SAEArchitecture(name).saeLensName.map {
      .string($0)
    }
    archive.metadata[SAEArchive.trainingDetails] = .object(object)
    return archive
  }
}

extension SAEArchive {
  static let threshold = "threshold"
  static let trainingArchitecture = "training_architecture"
  static let trainingDetails = "training_architecture_details"

  /// What either form says of an autoencoder that was trained as `activation`.
  struct BatchSelection {
    /// The settings of its training.
    let settings: JSONObject
    let k: Double
    let threshold: Double?
    let parameters: ParameterSet
  }

  /// Reads a checkpoint, or a finished autoencoder that says how it was trained.
  ///
  /// - Throws: ``TensorFileError`` if it is neither, its latents have thresholds of their own, or
  ///   something is missing.
  func batchSelection(
    _ activation: SAEArchitecture.Activation, file: String
  ) throws(TensorFileError) -> BatchSelection {
    let trained = SAEArchitecture(activation)
    var details = settings
    var shared = settings[SAELensWeights.sharedThreshold]?.asDouble
    if architecture != trained {
      guard architecture == SAEArchitecture(.jumpReLU),
        let name = metadata[SAEArchive.trainingArchitecture]?.asString, name == trained.saeLensName
      else {
        throw .invalidSetting(
          file: file, setting: "architecture",
          expected: "\(trained), or jumprelu trained as such", found: "\(architecture)")
      }
      details = metadata[SAEArchive.trainingDetails]?.asObject ?? JSONObject()
      let values = parameters[SAEArchive.threshold]?.values.array ?? []
      guard let first = values.first, values.allSatisfy({ $0 == first }) else {
        throw .invalidSetting(
          file: file, setting: SAEArchive.threshold, expected: "the same number for all latents",
          found: "several")
      }
      shared = Double(first)
    }
    guard let k = details["k"]?.asDouble, k > 0, k <= Double(latentCount) else {
      throw .invalidSetting(
        file: file, setting: "k", expected: "a number above 0, at most \(latentCount)",
        found: details["k"]?.description ?? "none")
    }
    return BatchSelection(
      settings: details, k: k, threshold: shared,
      parameters: try parameterSet(SAEArchive.selectingParameters, file: file))
  }

}
