import SAEKernels

/// A batch whose latents are dense, a panel of latents at a time: tokens × latents of a panel are a
/// matrix, tokens × all latents never are.
///
/// What a step needs of all panels before it can go on with one, such as the reconstruction, takes a
/// second round. Its products are kept where the panel's gradients will be written, as far as there is
/// room, which is for some tokens, and made again for the others: keeping all would take 4 bytes for
/// every token and latent.
package struct LatentPanels: Sendable {
  /// tokens × width
  package let inputs: Matrix
  /// latents × width
  package let encoder: Matrix

  package init(inputs: Matrix, encoder: Matrix) {
    self.inputs = inputs
    self.encoder = encoder
  }

  /// Elements of a panel, 8 MB, so that a step may hold four of them.
  private static let panelElements = 1 << 21

  /// Latents of a panel; fewer in the last.
  ///
  /// Depends on the sizes alone, as all bits do.
  var panelLatents: Int {
    let latents = LatentPanels.panelElements / max(1, inputs.rows) / 64 * 64
    return min(max(64, latents), encoder.rows)
  }

  /// Calls `body` with every panel's latents and their products with the inputs, tokens × latents,
  /// which it may change.
  package func forEach(_ body: (_ latents: Range<Int>, _ products: inout Matrix) -> Void) {
    forEachPanel { latents, products in
      products.setProduct(inputs.view, encoder[rows: latents].transposed)
      body(latents, &products)
    }
  }

  /// The same, and keeps the products of as many tokens as there is room for where the gradients of
  /// the panel's rows will be written.
  ///
  /// - Parameter kept: matrices of the encoder's shape.
  package func forEach(
    keepingIn kept: inout [Matrix],
    _ body: (_ latents: Range<Int>, _ products: inout Matrix) -> Void
  ) {
    forEach { latents, products in
      for (index, tokens) in tokensKept(latents, kept).enumerated() {
        kept[index].setElements(
          at: latents.lowerBound * kept[index].columns, of: products, rows: tokens)
      }
      body(latents, &products)
    }
  }

  /// A second round, with what the first has kept.
  ///
  /// - Parameter body: also gets the matrices; once it is called, it may overwrite the panel's rows.
  package func forEach(
    keptIn kept: inout [Matrix],
    _ body: (_ latents: Range<Int>, _ products: inout Matrix, _ kept: inout [Matrix]) -> Void
  ) {
    forEachPanel { latents, products in
      var next = 0
      for (index, tokens) in tokensKept(latents, kept).enumerated() {
        products.setRows(
          tokens, elementsOf: kept[index], at: latents.lowerBound * kept[index].columns)
        next = tokens.upperBound
      }
      let rest = next..<inputs.rows
      products.multiply(
        inputs[rows: rest], encoder[rows: latents].transposed, rows: rest,
        columns: 0..<latents.count, accumulate: false)
      body(latents, &products, &kept)
    }
  }

  /// Whose products a panel's rows of each matrix have room for.
  private func tokensKept(_ latents: Range<Int>, _ kept: [Matrix]) -> [Range<Int>] {
    var first = 0
    return kept.map { matrix in
      let end = min(inputs.rows, first + matrix.columns)
      defer { first = end }
      return first..<end
    }
  }

  /// Calls `body` with every panel's latents and a matrix of tokens × latents.
  private func forEachPanel(_ body: (_ latents: Range<Int>, _ panel: inout Matrix) -> Void) {
    var panel = Matrix(rows: 0, columns: 0)
    for first in stride(from: 0, to: encoder.rows, by: max(1, panelLatents)) {
      let latents = first..<min(first + panelLatents, encoder.rows)
      panel.reshape(rows: inputs.rows, columns: latents.count)
      body(latents, &panel)
    }
  }

  /// Whether dense products are faster than sums over the entries, and more than the memory of a step
  /// has room for entries: whether more than ``denseShare`` of tokens × latents have
  /// ⟨input, encoder row⟩ + bias > threshold, among some tokens of the batch.
  package func isDense(bias: [Float], thresholds: [Float]) -> Bool {
    if let forced = ForcedDensity.isDense { return forced && inputs.rows > 0 }
    let sample = Matrix(inputs[rows: 0..<min(inputs.rows, LatentPanels.sampleTokens)])
    let found = SparseLatents.aboveThreshold(
      of: sample, encoder: encoder, bias: bias, thresholds: thresholds)
    return Double(found.entryCount)
      > LatentPanels.denseShare * Double(sample.rows) * Double(encoder.rows)
  }

  private static let sampleTokens = 64
  private static let denseShare = 1.0 / 24
}

/// Whether batches are taken for dense, whatever their density: nil but in tests and measurements.
package enum ForcedDensity {
  @TaskLocal package static var isDense: Bool?
}
