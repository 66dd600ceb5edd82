import SAECore

/// Where each latent fires in a text, and how strongly.
package struct LatentFirings {
  /// Activations of each latent, in the order of the tokens.
  package private(set) var values: [[Float]]
  /// The rows of the text on which each latent fires, ascending.
  package private(set) var rows: [[Int]]

  package init(latentCount: Int) {
    values = [[Float]](repeating: [], count: latentCount)
    rows = [[Int]](repeating: [], count: latentCount)
  }

  /// Adds the next tokens of the text.
  ///
  /// - Parameters:
  ///   - latents: tokens × latents.
  ///   - firstRow: the row of the first token in the text.
  ///   - counts: whether a token counts, by its place among these.
  package mutating func add(_ latents: SparseLatents, firstRow: Int, where counts: (Int) -> Bool) {
    for row in 0..<latents.tokens where counts(row) {
      for entry in latents.entries(of: row) where latents.values[entry] != 0 {
        let latent = Int(latents.indices[entry])
        values[latent].append(latents.values[entry])
        rows[latent].append(firstRow + row)
      }
    }
  }
}
