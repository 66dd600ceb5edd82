/// The same function of the activations, written with other parameters.
extension SAEArchive {
  /// In a form that a layout can hold, where there is one with the same latents and reconstructions; as
  /// it is for everything else, which writing then refuses by name.
  ///
  /// For Gemma Scope, a subtracted decoder bias goes into the encoder's, and ReLU becomes JumpReLU
  /// with thresholds of 0. For sparsify, an input without subtraction gets it likewise, and where
  /// latents compete multiplied by the norms of their decoder rows, these go into the encoder. A known
  /// factor of the activations is folded for both.
  ///
  /// - Throws: ``FileError`` if a parameter is missing.
  public func expressed(in layout: SAELayout) throws(FileError) -> SAEArchive {
    switch layout {
    case .saeLens, .safetensors:
      guard architecture.isTranscoder, subtractsDecoderBias else { return self }
      try checkParameters(file)
      var result = self
      try result.moveDecoderBiasOutOfInput()
      return result
    case .gemmaScope:
      let isReLU = architecture == SAEArchitecture(.relu)
      guard isReLU || architecture == SAEArchitecture(.jumpReLU) else { return self }
      try checkParameters(file)
      var result = try foldingActivationScale()
      if isReLU {
        result.architecture = SAEArchitecture(.jumpReLU)
        result.parameters[SAEArchive.threshold] = Parameter(
          Matrix(rows: 1, columns: latentCount), isVector: true)
      }
      try result.moveDecoderBiasOutOfInput()
      return result
    case .sparsify:
      guard architecture.activation == .topK || architecture.activation == .groupMax else {
        return self
      }
      try checkParameters(file)
      var result = try foldingActivationScale()
      if settings[SAEArchive.rescaling]?.asBool == true {
        try result.fold { set throws(OptionError) in try set.foldDecoderNorms() }
        result.settings[SAEArchive.rescaling] = .bool(false)
      }
      if !subtractsDecoderBias, !architecture.isTranscoder {
        try result.moveDecoderBias(times: 1)
        result.subtractsDecoderBias = true
      }
      return result
    // Two autoencoders, or a layout that is only read.
    default: return self
    }
  }

  /// Subtracts b_dec in the encoder's bias and no longer from the input; nothing where it is not
  /// subtracted.
  ///
  /// - Throws: ``FileError`` if a parameter is missing.
  mutating func moveDecoderBiasOutOfInput() throws(FileError) {
    guard subtractsDecoderBias else { return }
    try moveDecoderBias(times: -1)
    subtractsDecoderBias = false
  }

  /// b_enc ← b_enc + factor · W_enc b_dec, in double.
  private mutating func moveDecoderBias(times factor: Double) throws(FileError) {
    try fold { set in
      let shift = set[.encoder].products(with: set[.decoderBias].array.map { Double($0) })
      set.subtract(shift.map { -factor * $0 }, from: .encoderBias)
    }
  }
}
