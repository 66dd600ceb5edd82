import SAECore

/// An autoencoder that a command runs, for activations as files have them.
struct LoadedAutoencoder {
  let path: String
  /// As its files have it.
  let archive: SAEArchive
  let layout: SAELayout
  /// A factor that its files know of is part of its weights.
  let autoencoder: any StorableAutoencoder

  init(_ path: String) throws {
    self.path = path
    (archive, layout) = try SAEArchive.read(path)
    autoencoder = try archive.foldingActivationScale().autoencoder(file: path)
  }

  /// The autoencoder at a path; nil if there is something else.
  static func archive(_ path: String) throws -> (archive: SAEArchive, layout: SAELayout)? {
    do {
      return try SAEArchive.read(path)
    } catch {
      guard case .unrecognized = error else { throw error }
      return nil
    }
  }

  /// Throws unless it reconstructs what it sees.
  func checkReconstructsItsInput() throws {
    guard !archive.architecture.isTranscoder else {
      throw ToolError(
        "\(path): expected an autoencoder, which reconstructs its own input, found a "
          + "\(archive.architecture)")
    }
  }

  /// Throws unless activations have the width and the scale that it was made for.
  func check(_ source: any ActivationSource) throws {
    guard autoencoder.inputDimension == source.width else {
      throw ToolError(
        "\(path): expected activations of width \(autoencoder.inputDimension), found "
          + "\(source.width)")
    }
    guard let expected = expectedNorm else { return }
    let found = try Self.meanNorm(source)
    // A NaN or infinity is for the figures to tell.
    guard found.isFinite, expected.norm > 0 else { return }
    guard found <= expected.norm * expected.factor, found >= expected.norm / expected.factor else {
      throw ToolError(
        "\(path): \(expected.why): expected activations with a mean norm near "
          + "\(fixed(expected.norm, 3)), found one of \(fixed(found, 3))")
    }
  }

  /// The mean norm of what it was trained on, as far as its files tell, and by what factor other
  /// activations may differ: texts do, by less than 3; a factor that was not applied is another matter.
  private var expectedNorm: (norm: Double, factor: Double, why: String)? {
    let common = Double(archive.inputDimension).squareRoot()
    if let scale = archive.activationScale, scale > 0 {
      return (common / scale, 3, "trained on activations times \(scale)")
    }
    if archive.inputNormalization == .averageOnly {
      return (
        common, 1.25,
        "normalize_activations is \(archive.inputNormalization.rawValue), and the files do not have "
          + "its factor"
      )
    }
    if let scale = archive.metadata["activation_scale"]?.asDouble, scale > 0 {
      return (common / scale, 3, "trained on activations times \(scale)")
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
}
