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
  public var subtractsDecoderBias = true
  public var rescalesByDecoderNorm = true
  public var reconstructionLoss = ReconstructionLoss.squaredErrorPerToken
  public var auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss(.rawScores, coefficient: 1)
  public var decoderConstraint = DecoderConstraint.none

  /// One latent in each of `k` groups; the other settings at their defaults.
  public init(k: Int) { self.k = k }
}

/// sparsify's layout holds it, SAELens' has no name for it.
extension GroupMaxAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive { archive(.groupMax, k: configuration.k) }

  public init(_ archive: SAEArchive) throws(TensorFileError) {
    let archive = try archive.plain(for: Self.self, SAEArchitecture(.groupMax))
    var configuration = GroupMaxConfiguration(k: try archive.checkedK(archive.file))
    archive.apply(to: &configuration)
    self = try archive.autoencoder(
      of: SAEArchive.selectingParameters, configuration)
  }
}

extension GroupMaxConfiguration {
  public var targetL0: Double? { Double(k) }
}

extension GroupMaxConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    SettingsFields(SettingsFields.selecting() + [.required("k", \.k)])
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: GroupMaxConfiguration(k: 1))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
