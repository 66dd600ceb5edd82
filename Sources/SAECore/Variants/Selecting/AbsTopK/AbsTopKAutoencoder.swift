/// A sparse autoencoder that keeps the k latents of largest magnitude of each token, with their signs:
/// one direction stands for a concept and its opposite.
///
///     h = W_enc (x − b_dec) + b_enc      z = AbsTopK(h)      x̂ = W_decᵀ z + b_dec
///
/// Latents may be negative, so a latent is active where z ≠ 0.
///
/// Source: Zhu et al. 2025, arXiv 2510.00404; conventions of SAELens.
public struct AbsTopKAutoencoder: SelectingAutoencoder, Equatable {
  public var parameters: ParameterSet
  public let configuration: AbsTopKConfiguration

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other, or there are fewer than k latents.
  public init(
    parameters: ParameterSet, configuration: AbsTopKConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes()
    try parameters.checkSelection(of: configuration.k)
    self.parameters = parameters
    self.configuration = configuration
  }

  public var comparesMagnitudes: Bool { true }

  public func select(_ scores: LatentScores) -> SparseLatents {
    scores.largestMagnitudes(configuration.k)
  }
}

/// The settings of an ``AbsTopKAutoencoder``.
public struct AbsTopKConfiguration: SelectingConfiguration {
  public typealias Model = AbsTopKAutoencoder

  /// Latents that are active on a token.
  public var k: Int
  public var subtractsDecoderBias: Bool
  public var rescalesByDecoderNorm: Bool
  public var reconstructionLoss: ReconstructionLoss
  public var auxiliaryLoss: AuxiliaryLoss?
  public var decoderConstraint: DecoderConstraint

  /// Keeps the `k` latents of greatest magnitude of each token; the other settings have their defaults
  /// unless given.
  public init(
    k: Int, subtractsDecoderBias: Bool = true, rescalesByDecoderNorm: Bool = true,
    reconstructionLoss: ReconstructionLoss = .squaredErrorPerToken,
    auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss(.rawScores, coefficient: 1),
    decoderConstraint: DecoderConstraint = .none
  ) {
    self.k = k
    self.subtractsDecoderBias = subtractsDecoderBias
    self.rescalesByDecoderNorm = rescalesByDecoderNorm
    self.reconstructionLoss = reconstructionLoss
    self.auxiliaryLoss = auxiliaryLoss
    self.decoderConstraint = decoderConstraint
  }
}

extension AbsTopKAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive { archive(.absTopK, k: configuration.k) }

  public init(_ archive: SAEArchive) throws(FileError) {
    self = try archive.selecting(.absTopK) { AbsTopKConfiguration(k: $0) }
  }
}

extension AbsTopKConfiguration: Codable, PlainSelectingConfiguration {}
