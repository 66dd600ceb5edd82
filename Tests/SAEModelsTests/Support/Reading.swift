import SAECore

/// An autoencoder in plain loops: latents are the products with the decoder's rows that are above 0.
struct Reading: SparseAutoencoder {
  let decoder: Matrix
  var inputDimension: Int { decoder.columns }
  var latentCount: Int { decoder.rows }

  func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    var latents = Matrix.product(activations.view, decoder.transposed)
    for row in 0..<latents.rows {
      for column in 0..<latents.columns where latents[row, column] < 0 { latents[row, column] = 0 }
    }
    return SparseLatents(dense: latents)
  }

  func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    Matrix.product(latents.dense().view, decoder.view)
  }
}
