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
  /// - Throws: ``InvalidOption`` if that cannot be said by its parameters.
  func folding(_ scaling: ActivationScaling) throws -> Self {
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
  func taking(_ scaling: ActivationScaling) throws -> any SparseAutoencoder {
    scaling.isFoldable ? try folding(scaling) : try NormalizedAutoencoder(self, scaling: scaling)
  }

  /// Throws what ``taking(_:)`` would at the end of training; a factor every variant takes.
  func checkTaking(_ scaling: ActivationScaling) throws {
    switch scaling {
    case .identity, .factor: return
    case .whitening, .layerNorm, .constantNorm: _ = try taking(scaling)
    }
  }
}
