extension SelectingAutoencoder {
  public func foldingCenter(_ center: [Double]) throws -> Self {
    try foldingCenter(center, subtractsDecoderBias: configuration.subtractsDecoderBias)
  }

  /// Decoder norms go into the encoder first, where latents compete multiplied by them: the whitening
  /// changes them.
  public func foldingWhitening(_ whitening: Whitening) throws -> Self {
    let (parameters, configuration) = try foldedSettings(whitening)
    return try Self(parameters: parameters, configuration: configuration)
  }

  /// Parameters and settings with a whitening made part of them.
  func foldedSettings(
    _ whitening: Whitening
  ) throws(OptionError) -> (ParameterSet, Configuration) {
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
