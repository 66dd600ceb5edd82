/// The factor that training multiplied all activations by.
extension SAEArchive {
  /// Takes a factor that the files do not hold.
  ///
  /// - Parameter scale: what activations were multiplied by in training; 1 if the activations to come
  ///   are scaled already; nil for none, which changes nothing.
  /// - Throws: ``TensorFileError`` if it is no positive number, or the files say otherwise: they hold
  ///   another factor, or activations were not scaled.
  public mutating func provide(activationScale scale: Double?) throws(TensorFileError) {
    guard let scale else { return }
    guard scale.isFinite, scale > 0 else {
      throw invalid(SAEArchive.scale, "a number above 0", "\(scale)")
    }
    if let stated = activationScale {
      guard stated == scale else {
        throw invalid(SAEArchive.scale, "\(stated), which the files hold", "\(scale)")
      }
    } else if inputNormalization == .averageOnly {
      activationScale = scale
    } else if scale != 1 {
      throw invalid(
        SAEArchive.scale,
        "none, since the files say \(SAEArchive.normalization): \(inputNormalization.rawValue)",
        "\(scale)")
    }
  }

  /// Whether the files say that activations were multiplied by a factor, and not by which.
  public var lacksActivationScale: Bool {
    inputNormalization == .averageOnly && activationScale == nil
  }

  private static let scale = "activation scale"

  /// With the factor that training multiplied activations by made part of the weights, for
  /// activations as they are: W_enc times it, W_dec and b_dec divided by it.
  ///
  /// Unchanged where activations were not scaled.
  ///
  /// - Throws: ``TensorFileError`` if the factor is not known, or cannot be folded.
  public func foldingActivationScale() throws(TensorFileError) -> SAEArchive {
    try checkActivationScale()
    guard let scale = activationScale else { return self }
    var folded = self
    folded.activationScale = nil
    folded.inputNormalization = .none
    guard scale != 1 else { return folded }
    folded.scaleParameter("b_dec", by: 1 / scale)
    if architecture.activation == .matchingPursuit {
      // Directions encode as well, so it is the latents that shrink.
      let name = "residual_threshold"
      folded.settings[name] = settings[name]?.asDouble.map { .double($0 / scale) }
    } else {
      folded.scaleParameter("W_enc", by: scale)
      folded.scaleParameter("W_dec", by: 1 / scale)
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

  /// Throws if the files say that activations were multiplied by a factor that is not known or does
  /// not fold.
  func checkActivationScale() throws(TensorFileError) {
    guard !lacksActivationScale else {
      throw invalid(
        SAEArchive.scale,
        "the factor that activations were multiplied by in training, since the files say "
          + "\(SAEArchive.normalization): \(inputNormalization.rawValue) (--activation-scale, or "
          + "activationScale: in code; 1 for activations that are scaled already)", "none")
    }
    guard let scale = activationScale else { return }
    guard inputNormalization == .none || inputNormalization == .averageOnly else {
      throw invalid(
        SAEArchive.normalization,
        "none or expected_average_only_in, since the files have a factor for all tokens",
        inputNormalization.rawValue)
    }
    guard Float(scale).isNormal, scale > 0, Float(1 / scale).isNormal else {
      throw invalid(SAEArchive.scale, "a number above 0 that float32 holds", "\(scale)")
    }
    // Nothing says what the target was multiplied by.
    guard scale == 1 || !architecture.isTranscoder else {
      throw invalid(
        SAEArchive.scale, "1 for a transcoder, whose target may have another", "\(scale)")
    }
  }

  private mutating func scaleParameter(_ name: String, by factor: Double) {
    guard var parameter = parameters[name] else { return }
    parameter.values.scale(by: Float(factor))
    // What is no longer a rounded number of fewer bits is not written as one.
    parameter.type = .f32
    parameters[name] = parameter
  }
}
