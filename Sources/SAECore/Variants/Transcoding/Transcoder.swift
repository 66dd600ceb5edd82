/// A sparse autoencoder that reconstructs other activations than those it sees, such as the output of
/// a layer from its input, optionally with a linear connection beside the latents:
///
///     h = W_enc x + b_enc      z = selected max(h, 0)      ŷ = W_decᵀ z + b_dec [+ W_skip x]
///
/// b_dec lives in the space of the output and is never subtracted from the input. A run
/// trains it on `targets:` beside its source.
///
/// Source: Dunefsky et al. 2024, arXiv 2406.11944; Paulo et al. 2025, arXiv 2501.18823 (skip
/// connection); conventions of sparsify.
public struct Transcoder: SelectingAutoencoder, Equatable {
  /// W_enc (latents × input width), b_enc (1 × latents), W_dec (latents × output width), b_dec
  /// (1 × output width), and W_skip (output width × input width) with a skip connection.
  public var parameters: ParameterSet
  public let configuration: TranscoderConfiguration

  /// A transcoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other or the settings.
  public init(
    parameters: ParameterSet, configuration: TranscoderConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes(isTranscoder: true)
    try parameters.checkSelection(of: configuration.k)
    let latents = parameters[.encoder].rows
    if configuration.selection == .groupMax, latents % configuration.k != 0 {
      throw ShapeError(
        "k", "latents to be a multiple of it", expected: latents, found: configuration.k)
    }
    try parameters.checkSkipConnection(configuration.hasSkipConnection)
    self.parameters = parameters
    self.configuration = configuration
  }

  public func select(_ scores: LatentScores) -> SparseLatents {
    switch configuration.selection {
    case .topK: scores.largest(configuration.k)
    case .topKOfAnySign: scores.largest(configuration.k, .any)
    case .groupMax: scores.largestOfGroups(configuration.k)
    }
  }

  /// What the activations become, tokens × ``SparseAutoencoder/outputDimension``, with the skip connection.
  ///
  /// - Throws: ``ShapeError`` if a size is another.
  public func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    try check(activations, latents)
    return parameters.addingSkipConnection(of: activations, to: decoded(latents))
  }

  /// The loss is the reconstruction error, and the auxiliary loss if there are dead latents.
  public func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    var step = try SelectionStep(self, batch)
    let latents = select(step.scores)
    // The part that is left for the latents to reconstruct.
    let target = parameters.addingSkipConnection(
      of: batch.activations, to: batch.target, times: -1)
    let pass = step.addReconstruction(step.code(of: latents), target: target, into: &gradients)
    if configuration.hasSkipConnection {
      gradients[.skip].setProduct(pass.error.transposed, batch.activations.view)
      gradients[.skip].scale(by: Float(2 * step.reconstructionFactor))
    }
    let firing = step.firing(latents, places: configuration.k)
    step.addAuxiliary(during: firing ?? latents, error: pass.error, into: &gradients)
    return step.finish(
      latents, firing: firing, totalSquaredError: pass.totalSquaredError, into: &gradients)
  }

  /// W_enc is multiplied by the input's scale, W_dec and b_dec are divided by the target's; W_skip is
  /// multiplied by the one and divided by the other.
  public func foldingScale(_ scale: Double, targetScale: Double) throws -> Transcoder {
    var folded = self
    try folded.parameters.foldScalingFactor(scale, targetFactor: targetScale)
    return folded
  }

  public func foldingCenter(_ center: [Double]) throws -> Transcoder {
    try foldingCenter(center, targetCenter: center)
  }

  /// The input's center goes through W_enc from b_enc and through W_skip from b_dec, the target's is
  /// added to b_dec.
  public func foldingCenter(_ center: [Double], targetCenter: [Double]) throws -> Transcoder {
    var folded = self
    try folded.parameters.foldCenterIntoEncoder(center)
    folded.parameters[.decoderBias].addToRows(targetCenter.map { Float($0) })
    if parameters.contains(.skip) {
      folded.parameters.subtract(parameters[.skip].products(with: center), from: .decoderBias)
    }
    return folded
  }
}

extension ParameterName {
  /// W_skip, output width × input width: the linear map that a skip connection adds to the output.
  public static let skip = ParameterName(rawValue: "W_skip")
}

extension ParameterSet {
  /// Checks that W_skip is there, in its shape, exactly if there is a skip connection.
  func checkSkipConnection(_ hasSkipConnection: Bool) throws(ShapeError) {
    try ShapeError.check(
      "W_skip", "matrices", expected: hasSkipConnection ? 1 : 0, found: contains(.skip) ? 1 : 0)
    guard hasSkipConnection else { return }
    try ShapeError.check(
      "W_skip", "rows", expected: self[.decoder].columns, found: self[.skip].rows)
    try ShapeError.check(
      "W_skip", "columns", expected: self[.encoder].columns, found: self[.skip].columns)
  }

  /// output + factor · x W_skipᵀ, the output as it is where there is no skip connection.
  func addingSkipConnection(
    of activations: Matrix, to output: Matrix, times factor: Float = 1
  ) -> Matrix {
    guard contains(.skip) else { return output }
    var result = output
    result.add(Matrix.product(activations.view, self[.skip].transposed), times: factor)
    return result
  }
}
