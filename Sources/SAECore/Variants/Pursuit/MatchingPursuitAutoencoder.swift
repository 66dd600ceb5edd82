/// A sparse autoencoder that encodes by matching pursuit: again and again it takes out of the token's
/// residual the dictionary's direction that has most in common with it.
///
///     r₀ = x − b_dec      j = argmaxᵢ ⟨r, W_dec,i⟩      v = ⟨r, W_dec,j⟩      z_j += v      r ← r − v W_dec,j
///
/// A token ends after ``MatchingPursuitConfiguration/maxIterations``, when no direction has anything in
/// common with the residual, or by the configuration's rules. Encoder and decoder are one matrix, which
/// learns through all iterations; the choice of directions carries no gradient.
///
/// Source: Costa et al. 2025, arXiv 2506.03093; conventions of SAELens.
public struct MatchingPursuitAutoencoder: SparseAutoencoder, Equatable {
  /// W_dec (latents × width) and b_dec (1 × width).
  public var parameters: ParameterSet
  public let configuration: MatchingPursuitConfiguration

  public var inputDimension: Int { decoder.columns }
  public var latentCount: Int { decoder.rows }

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other.
  public init(
    parameters: ParameterSet, configuration: MatchingPursuitConfiguration
  ) throws(ShapeError) {
    try ShapeError.check(
      "b_dec", "numbers", expected: parameters[.decoder].columns,
      found: parameters[.decoderBias].count)
    self.parameters = parameters
    self.configuration = configuration
  }

  /// Encodes activations; of equal directions the lower index is taken.
  ///
  /// - Parameter activations: tokens × width.
  /// - Throws: ``ShapeError`` if the width is not ``inputDimension``.
  /// - Complexity: O(iterations · tokens · width · latents) time.
  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try pursuit(of: activations).latents()
  }

  public func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    try check(activations, latents)
    return latents.decoded(by: decoder, bias: offset)
  }

  /// The bias that is subtracted from activations and added to reconstructions.
  var offset: [Float] {
    configuration.subtractsDecoderBias
      ? parameters[.decoderBias].array : [Float](repeating: 0, count: inputDimension)
  }

  func pursuit(of activations: Matrix) throws(ShapeError) -> Pursuit {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    var pursuit = Pursuit(
      residual: activations.subtractingFromRows(offset), latentCount: latentCount)
    pursuit.run(decoder, configuration)
    return pursuit
  }
}

/// The settings of a ``MatchingPursuitAutoencoder``; defaults are SAELens'.
public struct MatchingPursuitConfiguration: AutoencoderConfiguration {
  public typealias Model = MatchingPursuitAutoencoder

  /// The largest number of directions for a token; nil for as many as the width.
  public var maxIterations: Int?
  /// A token ends when its residual's norm is below this; 0 for never.
  public var residualThreshold: Double
  /// Whether a token ends with a direction that was taken before.
  public var stopsOnDuplicates: Bool
  /// Whether b_dec is subtracted from the activations, and added to reconstructions.
  public var subtractsDecoderBias: Bool

  /// At most `maxIterations` directions per token; all settings have their defaults unless given.
  public init(
    maxIterations: Int? = nil, residualThreshold: Double = 0.01, stopsOnDuplicates: Bool = true,
    subtractsDecoderBias: Bool = true
  ) {
    self.maxIterations = maxIterations
    self.residualThreshold = residualThreshold
    self.stopsOnDuplicates = stopsOnDuplicates
    self.subtractsDecoderBias = subtractsDecoderBias
  }

  /// Rows of norm 1; they are not held there.
  public var weightInitialization: WeightInitialization { .uniformEntries(rowNorm: 1) }
  public var decoderBiasInitialization: DecoderBiasInitialization { .zeros }

  public func initialParameters(_ weights: ParameterSet, batch: Matrix) -> ParameterSet {
    [.decoder: weights[.decoder], .decoderBias: weights[.decoderBias]]
  }
}

extension MatchingPursuitConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    [
      .optional("maxIterations", \.maxIterations, absent: nil),
      .optional("residualThreshold", \.residualThreshold, absent: 0.01),
      .optional("stopsOnDuplicates", \.stopsOnDuplicates, absent: true),
      .optional("subtractsDecoderBias", \.subtractsDecoderBias, absent: true),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: MatchingPursuitConfiguration())
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
