extension ParameterSet {
  /// Weights for activations as they are, of weights trained on activations times `scale`: W_enc
  /// times it, W_dec and b_dec divided by it, or by the scale of a transcoder's target; W_skip times
  /// the one and divided by the other.
  func foldingScale(_ scale: Double, targetScale: Double? = nil) -> ParameterSet {
    let targetScale = targetScale ?? scale
    guard scale != 1 || targetScale != 1 else { return self }
    var folded = self
    folded[.encoder].scale(by: Float(scale))
    folded[.decoder].scale(by: Float(1 / targetScale))
    folded[.decoderBias].scale(by: Float(1 / targetScale))
    if contains(.skip), scale != targetScale {
      folded[.skip].scale(by: Float(scale / targetScale))
    }
    return folded
  }

  /// Weights for activations as they are, of weights trained on whitened ones.
  ///
  /// - Throws: ``InvalidOption`` as ``foldWhitening(_:subtractsDecoderBias:)`` does.
  func foldingWhitening(
    _ whitening: Whitening, subtractsDecoderBias: Bool
  ) throws(InvalidOption) -> ParameterSet {
    var folded = self
    try folded.foldWhitening(whitening, subtractsDecoderBias: subtractsDecoderBias)
    return folded
  }
}

extension TrainableAutoencoder {
  /// The autoencoder for activations as they are, of one trained on scaled ones.
  ///
  /// - Parameters:
  ///   - scaling: of the activations.
  ///   - targetScale: of a transcoder's targets, where it was trained on such.
  /// - Throws: ``InvalidOption`` if that cannot be said by its parameters.
  func folding(_ scaling: ActivationScaling, targetScale: Double?) throws -> Self {
    if let targetScale {
      return try foldingScale(scaling.sharedFactor, targetScale: targetScale)
    }
    switch scaling {
    case .identity: return self
    case .factor(let factor): return try foldingScale(factor)
    case .whitening(let whitening): return try foldingWhitening(whitening)
    case .layerNorm, .constantNorm:
      throw InvalidOption(
        "normalization", expected: "one that is the same for every token", found: "\(scaling)")
    }
  }

  /// The same, or an autoencoder that scales what it is given.
  func taking(
    _ scaling: ActivationScaling, targetScale: Double?
  ) throws -> any SparseAutoencoder {
    scaling.isFoldable
      ? try folding(scaling, targetScale: targetScale)
      : try NormalizedAutoencoder(self, scaling: scaling)
  }

  /// Throws what ``taking(_:targetScale:)`` would at the end of training; a factor every variant takes
  /// that has no targets.
  func checkTaking(_ scaling: ActivationScaling, targetScale: Double?) throws {
    if case .identity = scaling, targetScale == nil { return }
    if case .factor = scaling, targetScale == nil { return }
    _ = try taking(scaling, targetScale: targetScale)
  }
}
