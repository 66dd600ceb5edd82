/// An autoencoder and a second one that reconstructs the error of the first, to be run together:
///
///     x̂ = x̂₀(x) + ê(x)
///
/// Latents are those of the base, then those of the booster. ``BoostedAutoencoder`` trains the second.
package struct BoostedPair: SparseAutoencoder {
  /// What reconstructs activations.
  package let base: any SparseAutoencoder
  /// What reconstructs the rest.
  package let booster: any SparseAutoencoder

  /// A pair of autoencoders of the same activations.
  ///
  /// - Throws: ``ShapeError`` if their widths differ.
  package init(
    base: any SparseAutoencoder, booster: any SparseAutoencoder
  ) throws(ShapeError) {
    try ShapeError.check(
      "booster", "input dimensions", expected: base.inputDimension,
      found: booster.inputDimension)
    try ShapeError.check(
      "booster", "output dimensions", expected: base.outputDimension,
      found: booster.outputDimension)
    self.base = base
    self.booster = booster
  }

  package var inputDimension: Int { base.inputDimension }
  package var outputDimension: Int { base.outputDimension }
  package var latentCount: Int { base.latentCount + booster.latentCount }

  /// The base's rows, then the booster's.
  package var decoder: Matrix { base.decoder.above(booster.decoder) }

  /// The base's rows, then the booster's, where both have such.
  package var encoder: Matrix? { base.encoder?.above(booster.encoder) }

  package func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try base.encode(activations).besides(booster.encode(activations))
  }

  package func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    try check(activations, latents)
    let (own, added) = (
      latents.slice(0..<base.latentCount), latents.slice(base.latentCount..<latentCount)
    )
    var reconstruction = try base.reconstruct(activations, from: own)
    reconstruction.add(try booster.reconstruct(activations, from: added))
    return reconstruction
  }
}

extension Matrix {
  /// The same rows with another's after them.
  func above(_ other: Matrix) -> Matrix {
    var both = Matrix(rows: rows + other.rows, columns: columns)
    both.copy(self, toRow: 0, column: 0)
    both.copy(other, toRow: rows, column: 0)
    return both
  }

  /// The same; nil without another.
  func above(_ other: Matrix?) -> Matrix? { other.map { above($0) } }
}
