extension TrainableAutoencoder {
  /// The same autoencoder with W_enc divided by the mean norm of what random directions of norm 1 are
  /// reconstructed as; as it is where they are reconstructed as nothing.
  ///
  /// Source: OpenAI's `init_from_data_`, which follows Gao et al. 2024, arXiv 2406.04093, appendix A.1.
  ///
  /// - Throws: ``OptionError`` if there is no W_enc, or input and output differ.
  func calibratingEncoder(using generator: inout RandomGenerator) throws -> Self {
    guard parameters.contains(.encoder), inputDimension == outputDimension else {
      throw OptionError(
        "calibratesEncoder", expected: "an autoencoder with W_enc", found: "a \(Self.self)")
    }
    var probes = Matrix.random(rows: 256, columns: inputDimension, using: &generator) {
      for index in $0.indices { $0[index] = Float($1.gaussian()) }
    }
    probes.normalizeRows(normGuard: DecoderConstraint.leastGuard)
    let bias = parameters[.decoderBias].array
    probes.addToRows(bias)
    let norms = try reconstruct(probes).subtractingFromRows(bias).rowNorms()
    let mean = norms.reduce(0) { $0 + Double($1) } / Double(norms.count)
    guard mean > 0, mean.isFinite else { return self }
    var calibrated = self
    calibrated.parameters[.encoder].scale(by: Float(1 / mean))
    return calibrated
  }
}
