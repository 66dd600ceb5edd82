import Foundation

/// What training did to activations and weights, made part of the weights, so that the saved
/// autoencoder works on raw activations. Reconstructions stay what they were.
///
/// Understood are W_enc, W_dec, b_enc, b_dec, threshold, log_threshold, b_gate, b_mag, r_mag and, but
/// by a whitening or a center, W_skip; parameters of another name are refused, for nobody could say what
/// they stand for.
///
/// Source: SAELens' `fold_activation_norm_scaling_factor`, `fold_W_dec_norm` and its whitening.
extension ParameterSet {
  /// Folds a normalisation.
  ///
  /// - Parameters:
  ///   - scaling: what activations were put through before training.
  ///   - subtractsDecoderBias: whether the encoder is fed x − b_dec.
  /// - Throws: ``InvalidOption`` if it cannot be folded or the parameters are not understood.
  public mutating func fold(
    _ scaling: ActivationScaling, subtractsDecoderBias: Bool
  ) throws(InvalidOption) {
    switch scaling {
    case .identity: try checkFoldable()
    case .factor(let factor): try foldScalingFactor(factor)
    case .centered(let factor, let center):
      try foldScalingFactor(factor)
      try foldCenter(center, subtractsDecoderBias: subtractsDecoderBias)
    case .whitening(let whitening):
      try foldWhitening(whitening, subtractsDecoderBias: subtractsDecoderBias)
    case .layerNorm, .constantNorm:
      throw InvalidOption(
        "scaling", expected: "one that is the same for every token", found: "\(scaling)")
    }
  }

  /// Folds the factor f that activations were multiplied by: W_enc ← f W_enc, W_dec ← W_dec/f,
  /// b_dec ← b_dec/f. Where a transcoder's target was multiplied by a factor g of its own, W_dec and
  /// b_dec are divided by g, and W_skip ← W_skip f/g.
  ///
  /// Pre-activations and thresholds stay in training's units. Where latents compete multiplied by
  /// decoder norms, their scores shrink by f, and with them a threshold on scores.
  ///
  /// - Parameters:
  ///   - factor: that of the input.
  ///   - targetFactor: that of a transcoder's target.
  /// - Throws: ``InvalidOption`` if a factor is not positive or the parameters are not understood.
  public mutating func foldScalingFactor(
    _ factor: Double, targetFactor: Double? = nil
  ) throws(InvalidOption) {
    try checkFoldable()
    for (name, value) in [("factor", factor), ("targetFactor", targetFactor ?? factor)] {
      guard value.isFinite, value > 0 else {
        throw InvalidOption(name, expected: "a positive number", found: "\(value)")
      }
    }
    self[.encoder].scale(by: Float(factor))
    self[.decoder].scale(by: Float(1 / (targetFactor ?? factor)))
    self[.decoderBias].scale(by: Float(1 / (targetFactor ?? factor)))
    if contains(.skip) { self[.skip].scale(by: Float(factor / (targetFactor ?? factor))) }
  }

  /// Folds the center c that was subtracted from activations: b_dec ← b_dec + c, and where b_dec is not
  /// subtracted from the input, b_enc ← b_enc − c W_enc, b_gate alike and b_mag by exp(r_mag) times as
  /// much.
  ///
  /// - Throws: ``InvalidOption`` if the widths differ, or the parameters are not understood.
  public mutating func foldCenter(
    _ center: [Double], subtractsDecoderBias: Bool
  ) throws(InvalidOption) {
    try checkFoldable()
    try checkWidth(center.count, "center")
    self[.decoderBias].addToRows(center.map { Float($0) })
    if !subtractsDecoderBias { try foldCenterIntoEncoder(center) }
  }

  /// Folds the divisor ν of activations the way dictionary_learning does: biases and thresholds
  /// times ν. Weights stay, and latents become ν times as large.
  ///
  /// - Throws: ``InvalidOption`` if the divisor is not positive or the parameters are not understood.
  public mutating func foldIntoBiases(divisor: Double) throws(InvalidOption) {
    try checkFoldable()
    guard divisor.isFinite, divisor > 0 else {
      throw InvalidOption("divisor", expected: "a positive number", found: "\(divisor)")
    }
    for name: ParameterName in [
      .encoderBias, .decoderBias, .gateBias, .magnitudeBias, .threshold,
    ]
    where contains(name) {
      self[name].scale(by: Float(divisor))
    }
    addToLogThresholds([Float](repeating: Float(log(divisor)), count: self[.encoder].rows))
  }

  /// Folds a whitening that activations went through:
  ///
  ///     W_enc ← M W_enc    W_dec ← W_dec M⁻¹    b_dec ← b_dec M⁻¹ + m
  ///
  /// and where b_dec is not subtracted from the input, b_enc ← b_enc − m M W_enc, b_gate alike and
  /// b_mag by exp(r_mag) times as much.
  ///
  /// Decoder norms change: an autoencoder whose latents compete multiplied by them is folded by
  /// ``foldDecoderNorms()`` first, and its latents then compete as they are.
  ///
  /// - Throws: ``InvalidOption`` if the widths differ or the parameters are not understood.
  public mutating func foldWhitening(
    _ whitening: Whitening, subtractsDecoderBias: Bool
  ) throws(InvalidOption) {
    try checkFoldable()
    let width = whitening.dimension
    try checkWidth(width, "whitening")
    self[.encoder] = Matrix.product(self[.encoder].view, whitening.float32Matrix.transposed)
    self[.decoder] = self[.decoder].multiplied(by: whitening.float32Inverse)
    self[.decoderBias] = whitening.reverted(from: self[.decoderBias])
    if !subtractsDecoderBias { try foldCenterIntoEncoder(whitening.mean) }
  }

  /// Folds the decoder rows' norms n into the encoder: W_dec,i ← W_dec,i/n_i; row i of W_enc, b_enc,
  /// b_gate, b_mag and threshold times n_i. Latents become n times as large.
  ///
  /// For autoencoders that keep the k largest latents this changes which ones these are, unless
  /// latents compete multiplied by n already; those keep their latents. Norms are held above 10⁻⁸.
  ///
  /// - Throws: ``InvalidOption`` if the parameters are not understood.
  public mutating func foldDecoderNorms() throws(InvalidOption) {
    try checkFoldable()
    let norms = self[.decoder].rowNorms().map { max($0, 1e-8) }
    self[.decoder].scaleRows(by: norms.map { 1 / $0 })
    self[.encoder].scaleRows(by: norms)
    for name in [ParameterName.encoderBias, .gateBias, .magnitudeBias, .threshold]
    where contains(name) {
      for latent in norms.indices { self[name][0, latent] *= norms[latent] }
    }
    addToLogThresholds(norms.map { log($0) })
  }

  private mutating func addToLogThresholds(_ logarithms: [Float]) {
    guard contains(.logThreshold) else { return }
    for latent in logarithms.indices { self[.logThreshold][0, latent] += logarithms[latent] }
  }

  /// Throws unless there is no skip connection, and the weights are of a width.
  private func checkWidth(_ width: Int, _ option: String) throws(InvalidOption) {
    guard !contains(.skip) else {
      throw InvalidOption(
        "parameters", expected: "none of a skip connection for a \(option)", found: "W_skip")
    }
    for name in [ParameterName.encoder, .decoder, .decoderBias] where self[name].columns != width {
      throw InvalidOption(
        option, expected: "one of \(name)'s width \(self[name].columns)", found: "\(width)")
    }
  }

  private func checkFoldable() throws(InvalidOption) {
    let needed: [ParameterName] = [.encoder, .decoder, .decoderBias]
    let optional: [ParameterName] = [
      .encoderBias, .threshold, .logThreshold, .gateBias, .magnitudeBias, .magnitudeScale,
      .skip,
    ]
    let unknown = names.filter { !needed.contains($0) && !optional.contains($0) }
    guard needed.allSatisfy(contains), unknown.isEmpty,
      contains(.magnitudeBias) == contains(.magnitudeScale)
    else {
      let expected = (needed + optional).map(\.rawValue).joined(separator: ", ")
      throw InvalidOption(
        "parameters", expected: "the first three at least of \(expected)",
        found: names.map(\.rawValue).joined(separator: ", "))
    }
  }
}
