import Foundation

/// What training did to activations and weights, made part of the weights, so that the saved
/// autoencoder works on raw activations. Reconstructions stay what they were.
///
/// Understood are W_enc, W_dec, b_enc, b_dec, threshold, log_threshold, b_gate, b_mag, r_mag and b_prolu; by a
/// factor W_skip as well, by a factor or a center a router and learned variances. Parameters of another
/// name are refused, since nobody could tell their meaning.
///
/// Source: SAELens' `fold_activation_norm_scaling_factor`, `fold_W_dec_norm` and its whitening.
extension ParameterSet {
  /// Folds a normalization.
  ///
  /// - Parameters:
  ///   - scaling: the normalization of the activations before training.
  ///   - subtractsDecoderBias: whether the encoder is fed x − b_dec.
  /// - Throws: ``OptionError`` if it cannot be folded or the parameters are not understood.
  public mutating func fold(
    _ scaling: ActivationScaling, subtractsDecoderBias: Bool
  ) throws(OptionError) {
    switch scaling {
    case .identity: try checkFoldable()
    case .factor(let factor): try foldScalingFactor(factor)
    case .centered(let factor, let center):
      try foldScalingFactor(factor)
      try foldCenter(center, subtractsDecoderBias: subtractsDecoderBias)
    case .whitening(let whitening):
      try foldWhitening(whitening, subtractsDecoderBias: subtractsDecoderBias)
    case .layerNorm, .constantNorm:
      throw OptionError(
        "scaling", expected: "one that is the same for every token", found: "\(scaling)")
    }
  }

  /// Folds the factor f that activations were multiplied by: W_enc ← f W_enc, W_dec ← W_dec/f,
  /// b_dec ← b_dec/f; W_router and W_var as W_enc, b_router as b_dec. Where a transcoder's target was multiplied by a factor g of its own, W_dec and
  /// b_dec are divided by g, and W_skip ← W_skip f/g.
  ///
  /// Pre-activations and thresholds stay in training's units. Where latents compete multiplied by
  /// decoder norms, their scores shrink by f, and with them a threshold on scores.
  ///
  /// - Parameters:
  ///   - factor: that of the input.
  ///   - targetFactor: that of a transcoder's target.
  /// - Throws: ``OptionError`` if a factor is not positive or the parameters are not understood.
  public mutating func foldScalingFactor(
    _ factor: Double, targetFactor: Double? = nil
  ) throws(OptionError) {
    try checkFoldable(including: [.skip] + ParameterSet.ofInputs)
    let targetFactor = targetFactor ?? factor
    for (name, value) in [("factor", factor), ("targetFactor", targetFactor)] {
      guard value.isFinite, value > 0 else {
        throw OptionError(name, expected: "a positive number", found: "\(value)")
      }
    }
    let factors: [(ParameterName, Double)] = [
      (.encoder, factor), (.variance, factor), (.router, factor), (.routerBias, 1 / factor),
      (.decoder, 1 / targetFactor), (.decoderBias, 1 / targetFactor),
      (.skip, factor / targetFactor),
    ]
    for (name, factor) in factors where factor != 1 && contains(name) {
      self[name].scale(by: Float(factor))
    }
  }

  /// Folds the center c that was subtracted from activations: b_dec ← b_dec + c, b_router alike, and where
  /// b_dec is not subtracted from the input, b_enc ← b_enc − c W_enc, b_gate alike and b_mag by exp(r_mag)
  /// times as much.
  ///
  /// - Throws: ``OptionError`` if the widths differ, or the parameters are not understood.
  public mutating func foldCenter(
    _ center: [Double], subtractsDecoderBias: Bool
  ) throws(OptionError) {
    try checkFoldable(including: ParameterSet.ofInputs)
    try checkWidth(center.count, "center")
    if !subtractsDecoderBias { try foldCenterIntoEncoder(center) }
    for name in [ParameterName.decoderBias, .routerBias] where contains(name) {
      self[name].addToRows(center.map { Float($0) })
    }
  }

  /// Folds the divisor ν of activations the way dictionary_learning does: biases and thresholds
  /// times ν. Weights stay, and latents become ν times as large.
  ///
  /// - Throws: ``OptionError`` if the divisor is not positive or the parameters are not understood.
  package mutating func foldIntoBiases(divisor: Double) throws(OptionError) {
    try checkFoldable()
    guard divisor.isFinite, divisor > 0 else {
      throw OptionError("divisor", expected: "a positive number", found: "\(divisor)")
    }
    for name in [.decoderBias] + ParameterSet.ofPreActivations where contains(name) {
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
  /// - Throws: ``OptionError`` if the widths differ or the parameters are not understood.
  public mutating func foldWhitening(
    _ whitening: Whitening, subtractsDecoderBias: Bool
  ) throws(OptionError) {
    try checkFoldable()
    try checkWidth(whitening.dimension, "whitening")
    if !subtractsDecoderBias { try checkTakesCenter() }
    self[.encoder] = Matrix.product(self[.encoder].view, whitening.float32Matrix.transposed)
    self[.decoder] = self[.decoder].multiplied(by: whitening.float32Inverse)
    self[.decoderBias] = whitening.reverted(from: self[.decoderBias])
    if !subtractsDecoderBias { try foldCenterIntoEncoder(whitening.mean) }
  }

  /// Folds the decoder rows' norms n into the encoder: W_dec,i ← W_dec,i/n_i; row i of W_enc, b_enc,
  /// b_gate, b_mag, b_prolu and threshold times n_i. Latents become n times as large.
  ///
  /// For autoencoders that keep the k largest latents this changes which ones these are, unless
  /// latents compete multiplied by n already; those keep their latents. Norms are held above 10⁻⁸.
  ///
  /// - Throws: ``OptionError`` if the parameters are not understood.
  public mutating func foldDecoderNorms() throws(OptionError) {
    try checkFoldable()
    let norms = self[.decoder].guardedRowNorms()
    self[.decoder].scaleRows(by: norms.map { 1 / $0 })
    self[.encoder].scaleRows(by: norms)
    for name in ParameterSet.ofPreActivations where contains(name) {
      for latent in norms.indices { self[name][0, latent] *= norms[latent] }
    }
    addToLogThresholds(norms.map { log($0) })
  }

  private mutating func addToLogThresholds(_ logarithms: [Float]) {
    guard contains(.logThreshold) else { return }
    for latent in logarithms.indices { self[.logThreshold][0, latent] += logarithms[latent] }
  }

  /// Throws unless there is no skip connection, and the weights are of a width.
  private func checkWidth(_ width: Int, _ option: String) throws(OptionError) {
    guard !contains(.skip) else {
      throw OptionError(
        "parameters", expected: "none of a skip connection for a \(option)", found: "W_skip")
    }
    for name in [ParameterName.encoder, .decoder, .decoderBias] where self[name].columns != width {
      throw OptionError(
        option, expected: "one of \(name)'s width \(self[name].columns)", found: "\(width)")
    }
  }

  /// The parameters in the unit of pre-activations.
  private static let ofPreActivations: [ParameterName] = [
    .encoderBias, .gateBias, .magnitudeBias, .threshold, .gatingBias,
  ]
  /// The parameters that make something other than pre-activations of inputs.
  private static let ofInputs: [ParameterName] = [
    .router, .routerBias, .featureScale, .variance, .varianceBias,
  ]
  /// The parameters that every folding needs.
  private static let needed: [ParameterName] = [.encoder, .decoder, .decoderBias]

  /// - Parameter others: names that are understood besides.
  private func checkFoldable(including others: [ParameterName] = [.skip]) throws(OptionError) {
    let known =
      ParameterSet.needed + ParameterSet.ofPreActivations + [.logThreshold, .magnitudeScale]
      + others
    guard ParameterSet.needed.allSatisfy(contains), names.allSatisfy(known.contains),
      contains(.magnitudeBias) == contains(.magnitudeScale)
    else {
      throw OptionError(
        "parameters",
        expected: "the first three at least of "
          + known.map(\.rawValue).joined(separator: ", "),
        found: names.map(\.rawValue).joined(separator: ", "))
    }
  }
}
