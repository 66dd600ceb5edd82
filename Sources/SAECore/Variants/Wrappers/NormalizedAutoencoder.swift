/// An autoencoder that sees every token at a scale of the token's own, and whose reconstruction is
/// brought back to it: each to norm √width, or to mean 0 and variance 1.
///
///     z = encode(x̃), x̃ = s(x)      x̂ = s⁻¹(x̃ reconstructed from z)
///
/// Source: SAELens' `normalize_activations` of `constant_norm_rescale` and `layer_norm`.
public struct NormalizedAutoencoder<Base: SparseAutoencoder>: SparseAutoencoder {
  /// Of activations at the common scale.
  public let base: Base
  /// ``ActivationScaling/constantNorm`` or ``ActivationScaling/layerNorm``.
  public let scaling: ActivationScaling

  public var inputDimension: Int { base.inputDimension }
  public var latentCount: Int { base.latentCount }
  public var decoder: Matrix { base.decoder }
  public var encoder: Matrix? { base.encoder }

  /// An autoencoder that puts its activations through a scaling.
  ///
  /// - Parameters:
  ///   - base: of activations at the common scale.
  ///   - scaling: one that gives each token a scale of its own; others are folded into weights.
  /// - Throws: ``OptionError`` if it is another, or the base is a transcoder, whose output has
  ///   another scale than its input.
  public init(_ base: Base, scaling: ActivationScaling) throws(OptionError) {
    guard !scaling.isFoldable else {
      throw OptionError(
        "normalization", expected: "a scale of each token's own", found: "\(scaling)")
    }
    let archive = (base as? any StorableAutoencoder)?.archive()
    guard base.outputDimension == base.inputDimension, archive?.architecture.isTranscoder != true
    else {
      throw OptionError(
        "normalization", expected: "one factor or none for a transcoder", found: "\(scaling)")
    }
    self.base = base
    self.scaling = scaling
  }

  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try base.encode(scaling.scale(activations).activations)
  }

  /// The reconstruction at the activations' own scale.
  public func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    let scaled = try scaling.scale(activations)
    return try scaled.restored(base.reconstruct(scaled.activations, from: latents))
  }
}

extension NormalizedAutoencoder: StorableAutoencoder where Base: StorableAutoencoder {
  public func archive() -> SAEArchive {
    var archive = base.archive()
    archive.inputNormalization = scaling == .layerNorm ? .layerNorm : .constantNorm
    return archive
  }

  public init(_ archive: SAEArchive) throws(FileError) {
    let found = archive.inputNormalization
    let scalings: [SAEArchive.InputNormalization: ActivationScaling] = [
      .constantNorm: .constantNorm, .layerNorm: .layerNorm,
    ]
    guard let scaling = scalings[found] else {
      throw archive.invalid(
        SAEArchive.normalization,
        "constant_norm_rescale or layer_norm (\(Base.self).load and SAE.load open others)",
        found.rawValue)
    }
    try archive.checkActivationScale()
    var plain = archive
    plain.inputNormalization = .none
    let base = try Base(plain)
    do {
      try self.init(base, scaling: scaling)
    } catch {
      throw archive.invalid(SAEArchive.normalization, error.expected, found.rawValue)
    }
  }
}
