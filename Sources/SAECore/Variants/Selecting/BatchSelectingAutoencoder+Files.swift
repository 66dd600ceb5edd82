/// Files of autoencoders that select over batches, as SAELens has them: finished ones are JumpReLU
/// autoencoders of one threshold, with the decoder's norms folded into the encoder if latents were
/// rescaled by them; checkpoints have the threshold as a number of its own.
extension BatchSelectingAutoencoder {
  /// The finished form; for an autoencoder that has no threshold yet, a checkpoint without one, which
  /// nobody can take for a finished autoencoder.
  func thresholdArchive(
    trainedAs name: SAEArchitecture.Activation, details: [(key: String, value: JSONValue)]
  ) -> SAEArchive {
    var object = JSONObject()
    for (key, value) in details { object[key] = value }
    object[SAEArchive.rescaling] = .bool(configuration.rescalesByDecoderNorm)
    guard let threshold else {
      var archive = archive(
        SAEArchitecture(name), parameters,
        subtractsDecoderBias: configuration.subtractsDecoderBias)
      archive.settings = object
      return archive
    }
    var folded = parameters
    if configuration.rescalesByDecoderNorm {
      do { try folded.foldDecoderNorms() } catch {
        preconditionFailure("the parameters of a \(Self.self) are not understood: \(error)")
      }
    }
    var archive = archive(
      SAEArchitecture(.jumpReLU), folded, subtractsDecoderBias: configuration.subtractsDecoderBias)
    archive.parameters[SAEArchive.threshold] = SAEArchive.Parameter(
      Matrix(rows: 1, columns: latentCount, repeating: Float(threshold)), isVector: true)
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

  /// The settings in either form of an autoencoder that was trained as `activation`.
  struct BatchSelection {
    /// The settings of its training.
    let settings: JSONObject
    let k: Double
    /// In the unit of the scores.
    let threshold: Double
    let rescalesByDecoderNorm: Bool
    let parameters: ParameterSet
  }

  /// Reads a checkpoint, or a finished autoencoder that says how it was trained.
  ///
  /// - Throws: ``FileError`` if it is neither, its latents have thresholds of their own, or
  ///   something is missing.
  func batchSelection(
    _ activation: SAEArchitecture.Activation
  ) throws(FileError) -> BatchSelection {
    let trained = SAEArchitecture(activation)
    var details = settings
    let threshold: Double
    let parameters = try parameterSet(SAEArchive.selectingParameters)
    var rescales: Bool
    if architecture == trained {
      threshold = try sharedThreshold()
      rescales = details[SAEArchive.rescaling]?.asBool ?? true
    } else {
      guard architecture == SAEArchitecture(.jumpReLU),
        metadata[SAEArchive.trainingArchitecture]?.asString == trained.saeLensName
      else {
        throw invalid(
          "architecture", "\(trained), or jumprelu trained as such", "\(architecture)")
      }
      details = metadata[SAEArchive.trainingDetails]?.asObject ?? JSONObject()
      let values = self.parameters[SAEArchive.threshold]?.values.array ?? []
      guard let first = values.first, values.allSatisfy({ $0 == first }) else {
        throw invalid(SAEArchive.threshold, "the same number for all latents", "several")
      }
      threshold = Double(first)
      rescales = details[SAEArchive.rescaling]?.asBool ?? true
      // The threshold is one of pre-activations, which are the scores only while rows have norm 1.
      if rescales, parameters[.decoder].rowNorms().contains(where: { abs($0 - 1) > 1e-5 }) {
        rescales = false
      }
    }
    guard let k = details["k"]?.asDouble, k > 0, k <= Double(latentCount) else {
      throw invalid(
        "k", "a number above 0, at most \(latentCount)", details["k"]?.description ?? "none")
    }
    return BatchSelection(
      settings: details, k: k, threshold: threshold, rescalesByDecoderNorm: rescales,
      parameters: parameters)
  }

  /// The threshold of a checkpoint that was trained by selections over batches.
  ///
  /// - Throws: ``FileError`` if there is none: without it a token's latents would depend on the
  ///   tokens beside it.
  func sharedThreshold() throws(FileError) -> Double {
    guard let threshold = settings[SAELensWeights.sharedThreshold]?.asDouble, threshold.isFinite
    else {
      throw invalid(
        SAELensWeights.sharedThreshold,
        "a number, without which a token's latents would depend on the tokens beside it (an "
          + "architecture of topk in the configuration keeps k latents of each token instead)",
        settings[SAELensWeights.sharedThreshold]?.description ?? "none")
    }
    return threshold
  }
}
