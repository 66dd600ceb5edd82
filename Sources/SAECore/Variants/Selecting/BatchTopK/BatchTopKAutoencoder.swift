/// A sparse autoencoder that keeps the ⌊k · tokens⌋ largest latents of a batch, so that a token has as
/// many as it needs:
///
///     h = W_enc (x − b_dec) + b_enc      z = ReLU(BatchTopK(h))      x̂ = W_decᵀ z + b_dec
///
/// After training a token's latents must not depend on the tokens beside it: those above ``threshold``
/// are active, one threshold for all.
///
/// Source: Bussmann et al. 2024, arXiv 2412.06410, section 3.
public struct BatchTopKAutoencoder: BatchSelectingAutoencoder, Equatable {
  public var parameters: ParameterSet
  public let configuration: BatchTopKConfiguration
  public internal(set) var threshold: Double?

  public init(
    parameters: ParameterSet, configuration: BatchTopKConfiguration
  ) throws(ShapeError) {
    try self.init(parameters: parameters, configuration: configuration, threshold: nil)
  }

  /// An autoencoder of the given parameters.
  ///
  /// - Parameters:
  ///   - threshold: that latents exceed after training; nil if it was not trained.
  ///   - parameters: W_enc, b_enc, W_dec and b_dec.
  ///   - configuration: its settings.
  /// - Throws: ``ShapeError`` if shapes do not fit each other, or k is not between 0 and the number of
  ///   latents.
  public init(
    parameters: ParameterSet, configuration: BatchTopKConfiguration, threshold: Double?
  ) throws(ShapeError) {
    try parameters.checkShapes()
    try parameters.checkSelection(ofMean: configuration.meanK)
    self.parameters = parameters
    self.configuration = configuration
    self.threshold = threshold
  }

  public func select(_ scores: LatentScores) -> SparseLatents {
    scores.largestOfBatch(mean: configuration.meanK)
  }

  public func select(_ scores: LatentScores, step: Int) -> SparseLatents {
    scores.largestOfBatch(
      mean: configuration.annealing?.k(
        at: step, final: configuration.meanK, inputDimension: inputDimension,
        latentCount: latentCount) ?? configuration.meanK)
  }

  public mutating func finishStep(_ pass: TrainingPass, step: Int) {
    guard let latents = pass.latents else { return }
    threshold = configuration.thresholdAverage.updating(threshold, with: latents, step: step)
  }
}
