/// A selecting autoencoder whose selection is made over batches, and replaced by a threshold after
/// training.
public protocol BatchSelectingAutoencoder: SelectingAutoencoder {
  /// The score that a latent must exceed to be active after training; nil before the first batch has
  /// counted. Encoding then selects over the tokens that are encoded.
  var threshold: Double? { get }

  /// An autoencoder of the given parameters and threshold.
  ///
  /// - Throws: ``ShapeError`` if they do not fit each other or the settings.
  init(
    parameters: ParameterSet, configuration: Configuration, threshold: Double?
  ) throws(ShapeError)
}

extension BatchSelectingAutoencoder {
  /// The ``threshold``, where a batch has counted.
  public var trainingState: [String: [Double]] { threshold.map { ["threshold": [$0]] } ?? [:] }

  public mutating func restore(_ trainingState: [String: [Double]]) throws(ShapeError) {
    self = try Self(
      parameters: parameters, configuration: configuration,
      threshold: ThresholdAverage.threshold(in: trainingState))
  }

  public func selectAfterTraining(_ scores: LatentScores) -> SparseLatents {
    guard let threshold else { return select(scores) }
    return scores.above(Float(threshold))
  }

  /// Encodes as in training, with a selection over these tokens.
  ///
  /// - Throws: ``ShapeError`` if the width is not ``SparseAutoencoder/inputDimension``.
  package func encodeAsBatch(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    select(try scores(of: activations))
  }

  /// As for every autoencoder; with rescaling, scores shrink by the scale as the decoder rows do, and
  /// the threshold with them.
  public func foldingScale(_ scale: Double) throws -> Self {
    var folded = parameters
    try folded.foldScalingFactor(scale)
    return try Self(
      parameters: folded, configuration: configuration,
      threshold: threshold.map { configuration.rescalesByDecoderNorm ? $0 / scale : $0 })
  }

  /// As for every selecting autoencoder; scores and threshold do not change.
  public func foldingWhitening(_ whitening: Whitening) throws -> Self {
    let (parameters, configuration) = try foldedSettings(whitening)
    return try Self(parameters: parameters, configuration: configuration, threshold: threshold)
  }
}

extension LatentScores {
  /// The ⌊mean · tokens⌋ largest positive scores of all tokens together; the product is truncated as
  /// it comes out in double precision.
  public func largestOfBatch(mean: Double) -> SparseLatents {
    largestOfBatch(Int(min(mean * Double(tokens), Double(tokens) * Double(latentCount))))
  }
}

extension ParameterSet {
  /// Checks that k latents per token can be selected from a batch.
  ///
  /// - Throws: ``ShapeError`` if there are fewer, or k is not positive.
  func checkSelection(ofMean k: Double) throws(ShapeError) {
    let latents = self[.encoder].rows
    guard k > 0, k <= Double(latents) else {
      throw ShapeError(
        "k", "or fewer, the number of latents, and more than 0", expected: latents,
        found: Int(exactly: k.rounded()) ?? 0)
    }
  }
}
