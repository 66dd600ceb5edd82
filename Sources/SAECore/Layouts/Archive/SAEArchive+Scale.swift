/// The factor that training multiplied all activations by.
extension SAEArchive {
  /// Takes a factor that the files do not hold.
  ///
  /// - Parameter scale: the factor that activations were multiplied by in training; 1 if the activations
  ///   to come are scaled already; nil for none, which changes nothing.
  /// - Throws: ``FileError`` if it is no positive number, or the files say otherwise: they hold
  ///   another factor, or activations were not scaled.
  public mutating func provide(activationScale scale: Double?) throws(FileError) {
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

  /// Whether the files say that activations were multiplied by a factor, but not by which one.
  public var lacksActivationScale: Bool {
    inputNormalization == .averageOnly && activationScale == nil
  }

  static let scale = "activation scale"

  /// Throws if the files say that activations were multiplied by a factor that is not known or does
  /// not fold.
  func checkActivationScale() throws(FileError) {
    guard !lacksActivationScale else {
      throw invalid(
        SAEArchive.scale,
        "the factor that activations were multiplied by in training, since the files say "
          + "\(SAEArchive.normalization): \(inputNormalization.rawValue); 1 for activations that are "
          + "scaled already", "none")
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
    // No file has the factor of the target.
    guard scale == 1 || !architecture.isTranscoder else {
      throw invalid(
        SAEArchive.scale, "1 for a transcoder, whose target may have another", "\(scale)")
    }
  }
}
