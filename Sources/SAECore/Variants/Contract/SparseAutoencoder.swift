/// An autoencoder with sparse latents that can be run.
public protocol SparseAutoencoder: Sendable {
  /// d_in: the width of the activations.
  var inputDimension: Int { get }
  /// d_out: the width of the reconstruction; ``SparseAutoencoder/inputDimension`` except for a
  /// transcoder.
  var outputDimension: Int { get }
  /// d_sae.
  var latentCount: Int { get }
  /// The directions that latents stand for, latents × ``SparseAutoencoder/outputDimension``, with the
  /// lengths that training gave them.
  var decoder: Matrix { get }
  /// The rows that make latents' pre-activations, latents × ``SparseAutoencoder/inputDimension``; nil,
  /// the default, where no single matrix makes them, or the decoder does.
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

  /// The reconstruction of activations from the latents that they were encoded into: the decoded latents,
  /// and anything else that a variant computes from the activations, such as a skip connection or a
  /// token's own scale.
  ///
  /// - Parameters:
  ///   - latents: tokens × ``SparseAutoencoder/latentCount``.
  ///   - activations: tokens × ``SparseAutoencoder/inputDimension``.
  /// - Throws: ``ShapeError`` if a size is another.
  func decode(_ latents: SparseLatents, of activations: Matrix) throws(ShapeError) -> Matrix

  /// The reconstruction of activations: encoded and decoded, with anything else that a variant adds.
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
