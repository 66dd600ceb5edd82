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

  /// What activations are reconstructed as, from latents that they were encoded into, which a caller may
  /// have changed: decoded, and what a variant makes of the activations besides, such as a skip connection
  /// or a token's own scale.
  ///
  /// - Parameters:
  ///   - activations: tokens × ``SparseAutoencoder/inputDimension``.
  ///   - latents: tokens × ``SparseAutoencoder/latentCount``.
  /// - Returns: tokens × ``SparseAutoencoder/outputDimension``.
  /// - Throws: ``ShapeError`` if a size is another.
  func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix
}

extension SparseAutoencoder {
  public var outputDimension: Int { inputDimension }
  public var encoder: Matrix? { nil }

  /// The latents of activations, and what these are reconstructed as.
  ///
  /// - Parameter activations: tokens × ``SparseAutoencoder/inputDimension``.
  /// - Returns: latents, tokens × ``SparseAutoencoder/latentCount``, and their reconstruction, tokens ×
  ///   ``SparseAutoencoder/outputDimension``.
  /// - Throws: ``ShapeError`` if the width is another.
  public func run(
    _ activations: Matrix
  ) throws(ShapeError) -> (latents: SparseLatents, reconstruction: Matrix) {
    let latents = try encode(activations)
    return (latents, try reconstruct(activations, from: latents))
  }

  /// What activations are reconstructed as.
  ///
  /// - Parameter activations: tokens × ``SparseAutoencoder/inputDimension``.
  /// - Throws: ``ShapeError`` if the width is another.
  public func reconstruct(_ activations: Matrix) throws(ShapeError) -> Matrix {
    try run(activations).reconstruction
  }
}

extension SparseAutoencoder {
  /// Throws unless activations have the width, and latents are of them and of this autoencoder.
  func check(_ activations: Matrix, _ latents: SparseLatents) throws(ShapeError) {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    try ShapeError.check("latents", "tokens", expected: activations.rows, found: latents.tokens)
    try ShapeError.check("latents", "latents", expected: latentCount, found: latents.latentCount)
  }
}
