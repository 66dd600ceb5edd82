extension ParameterSet {
  /// Weights for activations as they are, of weights trained on activations times `scale`: W_enc
  /// times it, W_dec and b_dec divided by it.
  func foldingScale(_ scale: Double) -> ParameterSet {
    guard scale != 1 else { return self }
    var folded = self
    folded[.encoder].scale(by: Float(scale))
    folded[.decoder].scale(by: Float(1 / scale))
    folded[.decoderBias].scale(by: Float(1 / scale))
    return folded
  }
}
