/// A sparse autoencoder that keeps the k largest latents of each token:
///
///     h = W_enc (x − b_dec) + b_enc      z = ReLU(TopK(h))      x̂ = W_decᵀ z + b_dec
///
/// Source: Gao et al. 2024, arXiv 2406.04093, section 2.3; b_enc as in its released code.
public struct TopKAutoencoder: SelectingAutoencoder, Equatable {
  public var parameters: ParameterSet
  public let configuration: TopKConfiguration
  /// A threshold by which about as many latents are active as by k, in the unit of the scores; nil
  /// unless ``TopKConfiguration/thresholdAverage`` asks for it and a batch has counted.
  public private(set) var threshold: Double?

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other, or there are fewer than k latents.
  public init(
    parameters: ParameterSet, configuration: TopKConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes()
    try parameters.checkSelection(of: configuration.k)
    if let multi = configuration.multiTopK, multi.multiple < 1 {
      throw ShapeError("multiTopK.multiple", "or more", expected: 1, found: multi.multiple)
    }
    self.parameters = parameters
    self.configuration = configuration
  }

  public func select(_ scores: LatentScores) -> SparseLatents { scores.largest(configuration.k) }

  public func select(_ scores: LatentScores, step: Int) -> SparseLatents {
    scores.largest(k(at: step))
  }

  /// k during a step of training.
  func k(at step: Int) -> Int {
    guard let annealing = configuration.annealing else { return configuration.k }
    return Int(
      annealing.k(
        at: step, final: Double(configuration.k), inputDimension: inputDimension,
        latentCount: latentCount))
  }

  /// Encodes activations into the latents above ``threshold``; into the k largest where there is none.
  ///
  /// - Throws: ``ShapeError`` if the width is not ``SparseAutoencoder/inputDimension``.
  public func encodeByThreshold(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    let scores = try scores(of: activations)
    return threshold.map { scores.above(Float($0)) } ?? select(scores)
  }

  public mutating func finishStep(_ pass: TrainingPass, step: Int) {
    guard let average = configuration.thresholdAverage, let latents = pass.latents else { return }
    threshold = average.updating(threshold, withMeanOf: latents, step: step)
  }

  public var trainingState: [String: [Double]] { threshold.map { ["threshold": [$0]] } ?? [:] }

  public mutating func restore(_ trainingState: [String: [Double]]) throws(ShapeError) {
    threshold = try ThresholdAverage.threshold(in: trainingState)
  }

  /// As for every autoencoder; with rescaling, scores shrink by the scale as the decoder rows do, and
  /// the threshold with them.
  public func foldingScale(_ scale: Double) throws -> TopKAutoencoder {
    var folded = self
    try folded.parameters.foldScalingFactor(scale)
    folded.threshold = threshold.map { configuration.rescalesByDecoderNorm ? $0 / scale : $0 }
    return folded
  }

  /// As for every selecting autoencoder; scores and threshold do not change.
  public func foldingWhitening(_ whitening: Whitening) throws -> TopKAutoencoder {
    let (parameters, configuration) = try foldedSettings(whitening)
    var folded = try TopKAutoencoder(parameters: parameters, configuration: configuration)
    folded.threshold = threshold
    return folded
  }
}
