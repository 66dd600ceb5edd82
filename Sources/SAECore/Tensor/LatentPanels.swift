import SAEKernels

/// A batch whose latents are dense, a panel of latents at a time: tokens × latents of a panel are a
/// matrix, tokens × all latents never are.
///
/// What a step needs of all panels before it can go on with one, such as the reconstruction, takes a
/// second round, for which the encoder's product is made again: the sixth product of a step costs less
/// than 4 bytes for every token and latent would.
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
    var products = Matrix(rows: 0, columns: 0)
    for first in stride(from: 0, to: encoder.rows, by: max(1, panelLatents)) {
      let latents = first..<min(first + panelLatents, encoder.rows)
      products.reshape(rows: inputs.rows, columns: latents.count)
      products.setProduct(inputs.view, encoder[rows: latents].transposed)
      body(latents, &products)
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
