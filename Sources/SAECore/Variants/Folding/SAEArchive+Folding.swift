/// The scaling of activations in training, made part of the weights in files.
extension SAEArchive {
  /// With the factor that training multiplied activations by made part of the weights, for
  /// activations as they are: W_enc times it, W_dec and b_dec divided by it.
  ///
  /// Unchanged where activations were not scaled.
  ///
  /// - Throws: ``FileError`` if the factor is not known, or cannot be folded.
  public func foldingActivationScale() throws(FileError) -> SAEArchive {
    try checkActivationScale()
    guard let scale = activationScale else { return self }
    var folded = self
    folded.activationScale = nil
    folded.inputNormalization = .none
    guard scale != 1 else { return folded }
    if architecture.activation == .matchingPursuit {
      // Directions encode as well, so it is the latents that shrink.
      let name = "residual_threshold"
      folded.settings[name] = settings[name]?.asDouble.map { .double($0 / scale) }
      try folded.fold { $0[.decoderBias].scale(by: Float(1 / scale)) }
    } else {
      try folded.fold { parameters throws(OptionError) in
        try parameters.foldScalingFactor(scale)
      }
    }
    // A threshold on scores multiplied by decoder norms shrinks as these do.
    let name = SAELensWeights.sharedThreshold
    if let threshold = settings[name]?.asDouble, settings[SAEArchive.rescaling]?.asBool != false {
      folded.settings[name] = .double(threshold / scale)
    }
    for (name, parameter) in folded.parameters where !parameter.values.isFinite() {
      throw invalid(SAEArchive.scale, "a number that leaves \(name) finite", "\(scale)")
    }
    return folded
  }

  /// Changes the parameters that the architecture needs, as those of an autoencoder are.
  ///
  /// - Throws: ``FileError`` if one is missing, or something is not understood.
  mutating func fold(
    _ change: (inout ParameterSet) throws(OptionError) -> Void
  ) throws(FileError) {
    var set = try parameterSet(requiredParameters.keys.sorted().map { ParameterName(rawValue: $0) })
    do { try change(&set) } catch {
      throw invalid(error.option, error.expected, error.found)
    }
    for name in set.names where parameters[name.rawValue]?.values != set[name] {
      parameters[name.rawValue]?.values = set[name]
      // A parameter whose numbers are no longer rounded to fewer bits is not written with fewer bits.
      parameters[name.rawValue]?.type = .f32
    }
  }
}
