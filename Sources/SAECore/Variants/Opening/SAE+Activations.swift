extension SAE {
  /// Throws unless activations have the width and the scale that the autoencoder was made for: their mean
  /// norm is compared with that of the activations it was trained on, as far as its files tell, and may
  /// be up to three times as large or as small. Different texts differ by less, but a factor that was not
  /// applied exceeds this.
  ///
  /// - Parameter source: activations as they are; up to 4096 of them are read.
  /// - Throws: ``FileError`` if they are others, and the source's errors.
  public func check(_ source: any ActivationSource) throws {
    guard autoencoder.inputDimension == source.width else {
      throw FileError.invalidSetting(
        file: path, setting: "activations", expected: "width \(autoencoder.inputDimension)",
        found: "\(source.width)")
    }
    guard let (scale, expected) = expectedNorm, source.tokens > 0 else { return }
    let found = try SAE.meanNorm(source)
    // A NaN or infinity shows in the figures.
    guard found.isFinite, found > expected * 3 || found < expected / 3 else { return }
    func short(_ value: Double) -> String { "\(Float(value))" }
    throw FileError.invalidSetting(
      file: path, setting: "activations",
      expected: "a mean norm near \(short(expected)), since it was trained on activations times "
        + "\(short(scale))", found: "one of \(short(found))")
  }

  /// The factor that activations were multiplied by in training, and the mean norm that they must have
  /// had before.
  private var expectedNorm: (scale: Double, norm: Double)? {
    for archive in archives {
      let recorded = archive.metadata["activation_scale"]?.asDouble
      guard let scale = archive.activationScale ?? recorded else { continue }
      guard scale.isFinite, scale > 0 else { return nil }
      let norm = Double(autoencoder.inputDimension).squareRoot() / scale
      // After a mean is subtracted, activations have another norm.
      let mean =
        archive.activationScale == nil ? archive.metadata["mean_activation_norm"]?.asDouble : nil
      return (scale, mean.flatMap { $0.isFinite && $0 > 0 ? $0 : nil } ?? norm)
    }
    return nil
  }

  /// Of up to 16 stretches of 256 tokens, evenly spread.
  private static func meanNorm(_ source: any ActivationSource) throws -> Double {
    let length = min(256, source.tokens)
    let stretches = min(16, source.tokens / length)
    var sum = 0.0
    for stretch in 0..<stretches {
      let first = (source.tokens - length) / max(1, stretches - 1) * stretch
      for norm in try source.matrix(rows: first..<first + length).rowNorms() { sum += Double(norm) }
    }
    return sum / Double(stretches * length)
  }

  /// The origin, from its files, of the activations that it was trained on.
  public var activationOrigin: ActivationOrigin {
    archives.first?.activationOrigin ?? ActivationOrigin()
  }
}
