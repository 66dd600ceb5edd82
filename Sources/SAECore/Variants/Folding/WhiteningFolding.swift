extension SelectingAutoencoder {
  /// Decoder norms go into the encoder first, where latents compete multiplied by them: the whitening
  /// changes them.
  public func foldingWhitening(_ whitening: Whitening) throws -> Self {
    let (parameters, configuration) = try foldedSettings(whitening)
    return try Self(parameters: parameters, configuration: configuration)
  }

  func foldedSettings(
    _ whitening: Whitening
  ) throws(InvalidOption) -> (ParameterSet, Configuration) {
    var (parameters, configuration) = (parameters, configuration)
    if configuration.rescalesByDecoderNorm {
      try parameters.foldDecoderNorms()
      configuration.rescalesByDecoderNorm = false
    }
    try parameters.foldWhitening(
      whitening, subtractsDecoderBias: configuration.subtractsDecoderBias)
    return (parameters, configuration)
  }
}

extension BatchSelectingAutoencoder {
  /// As for every selecting autoencoder; scores stay what they were, and so does the threshold.
  public func foldingWhitening(_ whitening: Whitening) throws -> Self {
    let (parameters, configuration) = try foldedSettings(whitening)
    return try Self(parameters: parameters, configuration: configuration, threshold: threshold)
  }
}
