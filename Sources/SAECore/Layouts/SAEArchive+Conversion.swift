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
  /// - Throws: ``TensorFileError`` if a parameter is missing.
  public func expressed(in layout: SAELayout) throws(TensorFileError) -> SAEArchive {
    switch layout {
    case .gemmaScope2, .boosted: return self
    case .saeLens, .safetensors:
      guard architecture.isTranscoder, subtractsDecoderBias else { return self }
      try checkParameters(file)
      var result = self
      result.moveDecoderBiasOutOfInput()
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
      result.moveDecoderBiasOutOfInput()
      return result
    case .sparsify:
      guard architecture.activation == .topK || architecture.activation == .groupMax else {
        return self
      }
      try checkParameters(file)
      var result = try foldingActivationScale()
      if settings[SAEArchive.rescaling]?.asBool == true { result.foldDecoderNorms() }
      if !subtractsDecoderBias, !architecture.isTranscoder {
        result.moveDecoderBias(times: 1)
        result.subtractsDecoderBias = true
      }
      return result
    }
  }

  /// Subtracts b_dec in the encoder's bias and no longer from the input; nothing where it is not
  /// subtracted.
  mutating func moveDecoderBiasOutOfInput() {
    guard subtractsDecoderBias else { return }
    moveDecoderBias(times: -1)
    subtractsDecoderBias = false
  }

  /// b_enc ← b_enc + factor · W_enc b_dec, in double.
  private mutating func moveDecoderBias(times factor: Double) {
    guard let encoder = parameters["W_enc"]?.values, let bias = parameters["b_dec"]?.values,
      var target = parameters["b_enc"]
    else { return }
    let shift = bias.array.map { Double($0) }
    for latent in 0..<encoder.rows {
      let row = encoder.row(latent)
      var sum = 0.0
      for column in row.indices { sum += Double(row[column]) * shift[column] }
      target.values[0, latent] = Float(Double(target.values[0, latent]) + factor * sum)
    }
    target.type = .f32
    parameters["b_enc"] = target
  }

  /// Rows of W_dec to norm 1, those of W_enc and b_enc as many times longer.
  private mutating func foldDecoderNorms() {
    guard let decoder = parameters["W_dec"]?.values else { return }
    let norms = decoder.rowNorms().map { max($0, 1e-8) }
    for name in ["W_enc", "W_dec", "b_enc"] {
      guard var parameter = parameters[name] else { continue }
      if parameter.isVector {
        for latent in norms.indices { parameter.values[0, latent] *= norms[latent] }
      } else {
        parameter.values.scaleRows(by: name == "W_dec" ? norms.map { 1 / $0 } : norms)
      }
      parameter.type = .f32
      parameters[name] = parameter
    }
    settings[SAEArchive.rescaling] = .bool(false)
  }
}
