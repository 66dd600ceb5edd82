/// A sparse autoencoder that keeps the k largest latents of each token:
///
///     h = W_enc (x − b_dec) + b_enc      z = ReLU(TopK(h))      x̂ = W_decᵀ z + b_dec
///
/// Source: Gao et al. 2024, arXiv 2406.04093, section 2.3; b_enc as in its released code.
public struct TopKAutoencoder: SelectingAutoencoder, Equatable {
  public var parameters: ParameterSet
  public let configuration: TopKConfiguration

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
}
