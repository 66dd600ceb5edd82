/// The same function of the activations, written with other parameters.
extension SAEArchive {
  /// With the factor that training multiplied activations by made part of the weights, for
  /// activations as they are: W_enc times it, W_dec and b_dec divided by it.
  ///
  /// Unchanged where no factor is known.
  public func foldingActivationScale() -> SAEArchive {
    guard let scale = activationScale, scale.isFinite, scale > 0,
      inputNormalization == .none || inputNormalization == .averageOnly
    else { return self }
    var folded = self
    folded.scaleParameter("W_enc", by: scale)
    folded.scaleParameter("W_dec", by: 1 / scale)
    folded.scaleParameter("b_dec", by: 1 / scale)
    // A threshold on scores multiplied by decoder norms shrinks as these do.
    let name = SAELensWeights.sharedThreshold
    if let threshold = settings[name]?.asDouble, settings[SAEArchive.rescaling]?.asBool != false {
      folded.settings[name] = .double(threshold / scale)
    }
    folded.activationScale = nil
    folded.inputNormalization = .none
    return folded
  }

  /// In a form that a layout can hold, where there is one with the same latents and reconstructions; as
  /// it is for everything else, which writing then refuses by name.
  ///
  /// For Gemma Scope, a subtracted decoder bias goes into the encoder's, and ReLU becomes JumpReLU
  /// with thresholds of 0. For sparsify, an input without subtraction gets it likewise, and where
  /// latents compete multiplied by the norms of their decoder rows, these go into the encoder. A known
  /// factor of the activations is folded for both.
  ///
  /// - Throws: ``TensorFileError`` if a parameter is missing.
  public func expressed(in layout: SAELayout, file: String) throws(TensorFileError) -> SAEArchive {
    switch layout {
    case .saeLens, .gemmaScope2: return self
    case .gemmaScope:
      let isReLU = architecture == SAEArchitecture(.relu)
      guard isReLU || architecture == SAEArchitecture(.jumpReLU) else { return self }
      try checkParameters(file)
      var result = foldingActivationScale()
      if isReLU {
        result.architecture = SAEArchitecture(.jumpReLU)
        result.parameters[SAEArchive.threshold] = Parameter(
          Matrix(rows: 1, columns: latentCount), isVector: true)
      }
      if subtractsDecoderBias { result.moveDecoderBias(times: -1) }
      result.subtractsDecoderBias = false
      return result
    case .sparsify:
      guard architecture.activation == .topK || architecture.activation == .groupMax else {
        return self
      }
      try checkParameters(file)
      var result = foldingActivationScale()
      if settings[SAEArchive.rescaling]?.asBool == true { result.foldDecoderNorms() }
      if !subtractsDecoderBias, !architecture.isTranscoder {
        result.moveDecoderBias(times: 1)
        result.subtractsDecoderBias = true
      }
      return result
    }
  }

  /// Writes the weights alone, under SAELens' names and in its shapes, as a safetensors file.
  ///
  /// - Throws: ``TensorFileError`` if a parameter is missing, or the disk refuses.
  public func writeWeights(to path: String) throws(TensorFileError) {
    try checkParameters(path)
    try SAELensWeights.write(self, to: path)
  }

  private mutating func scaleParameter(_ name: String, by factor: Double) {
    guard var parameter = parameters[name] else { return }
    parameter.values.scale(by: Float(factor))
    // What is no longer a rounded number of fewer bits is not written as one.
    parameter.type = .f32
    parameters[name] = parameter
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
