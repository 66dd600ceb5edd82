import SAEKernels

/// A batch whose latents are dense, one panel of latents at a time: there is a matrix of tokens × latents
/// of a panel, never one of tokens × all latents.
///
/// Some results, such as the reconstruction, need all panels before the step can go on with any, so a
/// step makes two rounds. The first keeps the products above their thresholds where the panel's gradients
/// will be written, as far as there is room; the second computes those of the other tokens again.
package struct LatentPanels: Sendable {
  /// tokens × width
  package let inputs: Matrix
  /// latents × width
  package let encoder: Matrix
  /// An entry is a latent of a token with ⟨input, encoder row⟩ + bias > threshold.
  private let bias: [Float]
  private let thresholds: [Float]

  /// - Parameter thresholds: a second round need not see products that are not above them.
  package init(inputs: Matrix, encoder: Matrix, bias: [Float], thresholds: [Float]) {
    precondition(
      bias.count == encoder.rows && thresholds.count == encoder.rows,
      "\(bias.count) biases and \(thresholds.count) thresholds for \(encoder.rows) latents")
    self.inputs = inputs
    self.encoder = encoder
    self.bias = bias
    self.thresholds = thresholds
  }

  /// Elements of a panel, 8 MB, so that a step may hold four of them.
  private static let panelElements = 1 << 21
  /// So that a panel's rows of the encoder stay in the cache with small batches, too.
  private static let mostLatents = 1024

  /// Latents of a panel for a number of tokens; fewer in the last.
  ///
  /// Depends on the sizes alone, as all bits do.
  package static func panelLatents(tokens: Int) -> Int {
    min(max(64, panelElements / max(1, tokens) / 64 * 64), mostLatents)
  }

  /// The first round: calls `body` with every panel's latents and their products with the inputs,
  /// tokens × latents, which it may change.
  package func forEach(
    keepingIn kept: inout KeptPanels,
    _ body: (_ latents: Range<Int>, _ products: inout Matrix) -> Void
  ) {
    let packed = PackedFactor(inputs)
    forEachPanel(tokens: inputs.rows) { latents, products in
      products.setProduct(packed, encoder[rows: latents].transposed)
      kept.keep(entries(of: products, latents), of: products, latents)
      body(latents, &products)
    }
  }

  /// Another round, with the products that the first has kept: a product that was not above its threshold
  /// is now far below it.
  ///
  /// - Parameter body: also gets the matrices of kept products; it may overwrite the panel's rows if
  ///   there is no further round.
  package func forEach(
    keptIn kept: inout KeptPanels,
    _ body: (_ latents: Range<Int>, _ products: inout Matrix, _ kept: inout KeptPanels) -> Void
  ) {
    forEachPanel(tokens: inputs.rows) { latents, products in
      let rest = kept.restore(&products, latents)..<inputs.rows
      products.multiply(
        inputs[rows: rest], encoder[rows: latents].transposed, rows: rest,
        columns: 0..<latents.count, accumulate: false)
      body(latents, &products, &kept)
    }
  }

  /// Calls `body` with every panel's latents and a matrix of tokens × latents.
  private func forEachPanel(
    tokens: Int, _ body: (_ latents: Range<Int>, _ panel: inout Matrix) -> Void
  ) {
    var panel = Matrix(rows: 0, columns: 0)
    let step = LatentPanels.panelLatents(tokens: inputs.rows)
    for first in stride(from: 0, to: encoder.rows, by: step) {
      let latents = first..<min(first + step, encoder.rows)
      panel.resizeDiscardingElements(rows: tokens, columns: latents.count)
      body(latents, &panel)
    }
  }

  /// Whether dense products are faster than sums over the entries, and the entries would need more memory
  /// than a step has: whether more than ``denseShare`` of tokens × latents are entries, among some tokens
  /// of the batch.
  package var isDense: Bool {
    if let forced = ForcedDensity.isDense { return forced && inputs.rows > 0 }
    let sample = PackedFactor(Matrix(inputs[rows: 0..<min(inputs.rows, LatentPanels.sampleTokens)]))
    var found = 0
    forEachPanel(tokens: sample.rows) { latents, products in
      products.setProduct(sample, encoder[rows: latents].transposed)
      found += entries(of: products, latents).counts.reduce(0, +)
    }
    return Double(found)
      > LatentPanels.denseShare * Double(sample.rows) * Double(encoder.rows)
  }

  /// The products of a panel that are above the thresholds.
  private func entries(of products: Matrix, _ latents: Range<Int>) -> EntryMasks {
    EntryMasks(
      products, bias: Array(bias[latents]), thresholds: Array(thresholds[latents]))
  }

  static let sampleTokens = 64
  static let denseShare = 1.0 / 24
}

/// Whether batches count as dense, whatever their density: nil except in tests and measurements.
package enum ForcedDensity {
  @TaskLocal package static var isDense: Bool?
}
