/// The gradients of both weight matrices, a panel of latents at a time.
extension ParameterSet {
  /// Takes the matrices of W_dec and W_enc out, so that they can be written a panel at a time.
  mutating func takeWeights() -> [Matrix] {
    let weights = [self[.decoder], self[.encoder]]
    self[.decoder] = Matrix(rows: 0, columns: 0)
    self[.encoder] = Matrix(rows: 0, columns: 0)
    return weights
  }

  /// Puts back the matrices that ``takeWeights()`` has taken and keeps no reference, since with a second
  /// one the next change of the gradients would copy them.
  mutating func putWeights(_ kept: inout KeptPanels) {
    (self[.decoder], self[.encoder]) = (kept.weights[0], kept.weights[1])
    kept.weights = []
  }
}

extension KeptPanels {
  /// Writes a panel's rows of the gradient of W_dec.
  ///
  /// - Parameters:
  ///   - code: of the reconstruction, tokens × latents of the panel.
  ///   - nonZeros: elements of `code` that are not 0, at most.
  ///   - outputs: gradients of the reconstruction, tokens × width.
  ///   - accumulate: whether to add to them.
  mutating func setDecoderRows(
    _ latents: Range<Int>, _ code: Matrix, nonZeros: Int, _ outputs: Matrix,
    accumulate: Bool = false
  ) {
    weights[0].multiply(
      code.transposed, nonZeros: nonZeros, outputs.view, rows: latents, accumulate: accumulate)
  }

  /// Writes a panel's rows of the gradient of W_enc.
  ///
  /// - Parameters:
  ///   - preActivations: their gradients, tokens × latents of the panel.
  ///   - nonZeros: elements of `preActivations` that are not 0, at most.
  ///   - inputs: tokens × width.
  mutating func setEncoderRows(
    _ latents: Range<Int>, _ preActivations: Matrix, nonZeros: Int, _ inputs: Matrix
  ) {
    weights[1].multiply(
      preActivations.transposed, nonZeros: nonZeros, inputs.view, rows: latents,
      accumulate: false)
  }
}
