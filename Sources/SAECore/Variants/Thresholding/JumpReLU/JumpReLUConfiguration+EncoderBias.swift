extension JumpReLUConfiguration {
  /// Chooses b_enc so that each latent is active on as many of a batch's tokens, l0/latents of them, at
  /// least one and not all.
  ///
  /// - Complexity: O(tokens · width · latents), a panel of latents at a time.
  func setEncoderBias(
    of weights: inout ParameterSet, _ thresholds: [Float], l0: Double, batch: Matrix
  ) {
    let (latents, tokens) = (weights[.encoder].rows, batch.rows)
    guard tokens > 1 else { return }
    let share = max(0, min(1, l0 / Double(latents)))
    let active = max(1, min(tokens - 1, Int((share * Double(tokens)).rounded())))
    let inputs =
      subtractsDecoderBias ? batch.subtractingFromRows(weights[.decoderBias].array) : batch
    var biases: [Float] = []
    biases.reserveCapacity(latents)
    for first in stride(from: 0, to: latents, by: 256) {
      let panel = Array(first..<min(first + 256, latents))
      let products = Matrix.product(
        weights[.encoder].gatheringRows(panel).view, inputs.transposed)
      for row in panel.indices {
        let values = products[rows: row..<row + 1]
        let sorted = Matrix(values).array.sorted(by: >)
        // Half way between the last that is active and the first that is not.
        biases.append(
          thresholds[first + row] - (sorted[active - 1] + sorted[active]) / 2)
      }
    }
    weights[.encoderBias] = Matrix(rows: 1, columns: latents, values: biases)
  }
}
