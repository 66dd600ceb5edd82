/// An autoencoder with sparse latents that can be run.
public protocol SparseAutoencoder: Sendable {
  /// d_in: the width of the activations.
  var inputDimension: Int { get }
  /// d_out: the width of what is reconstructed; ``SparseAutoencoder/inputDimension`` but for a
  /// transcoder.
  var outputDimension: Int { get }
  /// d_sae.
  var latentCount: Int { get }
  /// The directions that latents stand for, latents × ``SparseAutoencoder/outputDimension``; of whatever
  /// lengths they have.
  var decoder: Matrix { get }
  /// The rows that make latents' pre-activations, latents × ``SparseAutoencoder/inputDimension``; nil, by
  /// default, where no one matrix does, or the decoder.
  var encoder: Matrix? { get }

  /// The latents of each token.
  ///
  /// - Parameter activations: tokens × ``SparseAutoencoder/inputDimension``.
  /// - Throws: ``ShapeError`` if the width is another.
  func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents

  /// The reconstruction from latents, tokens × ``SparseAutoencoder/outputDimension``.
  ///
  /// - Throws: ``ShapeError`` if the number of latents is another.
  func decode(_ latents: SparseLatents) throws(ShapeError) -> Matrix

  /// What activations are reconstructed as, from latents that they were encoded into: decoded, and
  /// what a variant makes of the activations besides, such as a skip connection or a token's own
  /// scale.
  ///
  /// - Parameters:
  ///   - latents: tokens × ``SparseAutoencoder/latentCount``.
  ///   - activations: tokens × ``SparseAutoencoder/inputDimension``.
  /// - Throws: ``ShapeError`` if a size is another.
  func decode(_ latents: SparseLatents, of activations: Matrix) throws(ShapeError) -> Matrix

  /// What activations are reconstructed as: encoded and decoded, and what a variant adds besides.
  ///
  /// - Parameter activations: tokens × ``SparseAutoencoder/inputDimension``.
  /// - Throws: ``ShapeError`` if the width is another.
  func reconstruct(_ activations: Matrix) throws(ShapeError) -> Matrix
}

extension SparseAutoencoder {
  public var outputDimension: Int { inputDimension }
  public var encoder: Matrix? { nil }

  public func decode(
    _ latents: SparseLatents, of activations: Matrix
  ) throws(ShapeError) -> Matrix {
    try decode(latents)
  }

  public func reconstruct(_ activations: Matrix) throws(ShapeError) -> Matrix {
    try decode(encode(activations), of: activations)
  }
}
