/// The standard sparse autoencoder:
///
///     h = W_enc (x − b_dec) + b_enc      z = max(h, 0)      x̂ = W_decᵀ z + b_dec
///
/// Source: Bricken et al. 2023, "Towards Monosemanticity"; its penalty as ``ActivationPenalty`` says.
public struct ReLUAutoencoder: SparseAutoencoder, Equatable {
  /// W_enc and W_dec (latents × width), b_enc (1 × latents), b_dec (1 × width).
  public var parameters: ParameterSet
  public let configuration: ReLUConfiguration
  /// Where the annealing of the penalty's exponent stands, if there is one.
  public internal(set) var annealing: PAnnealingState?

  public var inputDimension: Int { parameters[.encoder].columns }
  public var latentCount: Int { parameters[.encoder].rows }

  /// The directions that latents stand for, latents × width.
  public var dictionary: Matrix { parameters[.decoder] }

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other.
  public init(
    parameters: ParameterSet, configuration: ReLUConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes(vectors: [.encoderBias])
    self.parameters = parameters
    self.configuration = configuration
    annealing = configuration.annealing.map { PAnnealingState($0) }
  }

  /// Encodes activations into the latents whose pre-activation is above 0.
  ///
  /// - Parameter activations: tokens × width, in the scale the weights were trained on.
  /// - Throws: ``ShapeError`` if the width is not ``inputDimension``.
  /// - Complexity: O(tokens · width · latents) time; no tokens × latents matrix is made.
  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    return latents(of: centered(activations))
  }

  public func decode(_ latents: SparseLatents) throws(ShapeError) -> Matrix {
    try ShapeError.check("latents", "latents", expected: latentCount, found: latents.latentCount)
    return latents.reconstruction(by: dictionary, bias: parameters[.decoderBias].array)
  }

  /// x − b_dec, or x where the bias is not subtracted.
  func centered(_ activations: Matrix) -> Matrix {
    configuration.subtractsDecoderBias
      ? activations.subtractingFromRows(parameters[.decoderBias].array) : activations
  }

  func latents(of centered: Matrix) -> SparseLatents {
    .aboveThreshold(
      of: centered, encoder: parameters[.encoder], bias: parameters[.encoderBias].array,
      thresholds: zeros)
  }

  /// A threshold of 0 for each latent.
  var zeros: [Float] { [Float](repeating: 0, count: latentCount) }
}
