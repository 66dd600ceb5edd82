/// An autoencoder that sees every token at a scale of the token's own, and whose reconstruction is
/// brought back to it: each to norm √width, or to mean 0 and variance 1.
///
///     z = encode(x̃), x̃ = s(x)      x̂ = s⁻¹(decode(z))
///
/// Source: SAELens' `normalize_activations` of `constant_norm_rescale` and `layer_norm`.
public struct NormalizedAutoencoder: StorableAutoencoder {
  /// Of activations at the common scale.
  public let base: any StorableAutoencoder
  /// ``SAEArchive/InputNormalization/constantNorm`` or ``SAEArchive/InputNormalization/layerNorm``.
  public let normalization: SAEArchive.InputNormalization
  private let scaling: ActivationScaling

  public var inputDimension: Int { base.inputDimension }
  public var latentCount: Int { base.latentCount }

  public init(_ archive: SAEArchive, file: String) throws(TensorFileError) {
    switch archive.inputNormalization {
    case .constantNorm: scaling = .constantNorm
    case .layerNorm: scaling = .layerNorm
    case .none, .averageOnly, .constantScalar:
      throw .invalidSetting(
        file: file, setting: "normalize_activations",
        expected: "constant_norm_rescale or layer_norm", found: archive.inputNormalization.rawValue)
    }
    guard !archive.architecture.isTranscoder else {
      throw .invalidSetting(
        file: file, setting: "normalize_activations",
        expected: "none for a transcoder, whose output has another scale than its input",
        found: archive.inputNormalization.rawValue)
    }
    normalization = archive.inputNormalization
    var plain = archive
    plain.inputNormalization = .none
    base = try plain.autoencoder(file: file)
  }

  public func archive() -> SAEArchive {
    var archive = base.archive()
    archive.inputNormalization = normalization
    return archive
  }

  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try base.encode(scaling.scale(activations).activations)
  }

  /// The reconstruction at the common scale: a token's own is not in its latents.
  public func decode(_ latents: SparseLatents) throws(ShapeError) -> Matrix {
    try base.decode(latents)
  }

  /// The reconstruction at the activations' own scale.
  public func decode(
    _ latents: SparseLatents, of activations: Matrix
  ) throws(ShapeError) -> Matrix {
    let scaled = try scaling.scale(activations)
    return try scaled.restored(base.decode(latents, of: scaled.activations))
  }
}
