/// A sparse autoencoder whose latents stand in k groups; the largest of each group is active:
///
///     h = W_enc (x − b_dec) + b_enc      z = ReLU(h) where largest of its group      x̂ = W_decᵀ z + b_dec
///
/// Exactly one latent per group is selected, the first one where none is positive; it has a gradient all
/// the same.
///
/// Source: sparsify (EleutherAI), activation `groupmax`.
public struct GroupMaxAutoencoder: SelectingAutoencoder, Equatable {
  public var parameters: ParameterSet
  public let configuration: GroupMaxConfiguration

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other, or the latents do not fill k groups.
  public init(
    parameters: ParameterSet, configuration: GroupMaxConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes()
    try parameters.checkSelection(of: configuration.k)
    let latents = parameters[.encoder].rows
    guard latents % configuration.k == 0 else {
      throw ShapeError(
        "k", "latents to be a multiple of it", expected: latents, found: configuration.k)
    }
    self.parameters = parameters
    self.configuration = configuration
  }

  public func select(_ scores: LatentScores) -> SparseLatents {
    scores.largestOfGroups(configuration.k)
  }
}

/// The settings of a ``GroupMaxAutoencoder``.
public struct GroupMaxConfiguration: SelectingConfiguration {
  public typealias Model = GroupMaxAutoencoder

  /// Groups, and so latents that are active on a token.
  public var k: Int
  public var subtractsDecoderBias: Bool
  public var rescalesByDecoderNorm: Bool
  public var reconstructionLoss: ReconstructionLoss
  public var auxiliaryLoss: AuxiliaryLoss?
  public var decoderConstraint: DecoderConstraint

  /// One latent in each of `k` groups; the other settings have their defaults unless given.
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

/// sparsify's layout holds it, SAELens' has no name for it.
extension GroupMaxAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive { archive(.groupMax, k: configuration.k) }

  public init(_ archive: SAEArchive) throws(FileError) {
    self = try archive.selecting(.groupMax) { GroupMaxConfiguration(k: $0) }
  }
}

extension GroupMaxConfiguration: Codable, PlainSelectingConfiguration {}
