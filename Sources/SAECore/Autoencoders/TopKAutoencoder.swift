/// A sparse autoencoder that keeps the k largest latents of each token:
///
///     h = W_enc (x − b_dec) + b_enc      z = ReLU(TopK(h))      x̂ = W_decᵀ z + b_dec
///
/// With ``TopKConfiguration/rescalesByDecoderNorm`` latents compete and are reported as z = n ⊙ h, n
/// the decoder rows' norms, and are divided by n again to decode.
///
/// Source: Gao et al. 2024, arXiv 2406.04093, section 2.3; b_enc as in its released code.
public struct TopKAutoencoder: SparseAutoencoder {
  /// W_enc and W_dec (latents × width), b_enc (1 × latents), b_dec (1 × width).
  public var parameters: ParameterSet
  public let configuration: TopKConfiguration

  public var inputDimension: Int { parameters[.encoder].columns }
  public var latentCount: Int { parameters[.encoder].rows }

  /// The directions that latents stand for, latents × width.
  public var dictionary: Matrix { parameters[.decoder] }

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other, or there are fewer than k latents.
  public init(
    parameters: ParameterSet, configuration: TopKConfiguration
  ) throws(ShapeError) {
    let encoder = parameters[.encoder]
    let decoder = parameters[.decoder]
    try ShapeError.check("W_dec", "rows", expected: encoder.rows, found: decoder.rows)
    try ShapeError.check("W_dec", "columns", expected: encoder.columns, found: decoder.columns)
    try ShapeError.check(
      "b_enc", "numbers", expected: encoder.rows, found: parameters[.encoderBias].count)
    try ShapeError.check(
      "b_dec", "numbers", expected: encoder.columns, found: parameters[.decoderBias].count)
    guard configuration.k > 0, configuration.k <= encoder.rows else {
      throw ShapeError(
        "k", "as number of latents or fewer, and at least 1", expected: encoder.rows,
        found: configuration.k)
    }
    self.parameters = parameters
    self.configuration = configuration
  }

  /// Encodes activations into at most k latents a token; a tie goes to the lower index.
  ///
  /// - Parameter activations: tokens × width, in the scale the weights were trained on.
  /// - Throws: ``ShapeError`` if the width is not ``inputDimension``.
  /// - Complexity: O(tokens · width · latents) time; no tokens × latents matrix is made.
  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    return scores(of: centered(activations), scale: scoreScale())
  }

  public func decode(_ latents: SparseLatents) throws(ShapeError) -> Matrix {
    try ShapeError.check("latents", "latents", expected: latentCount, found: latents.latentCount)
    return code(of: latents, scale: scoreScale()).decoded(
      by: dictionary, bias: parameters[.decoderBias].array)
  }

  /// x − b_dec, or x where the bias is not subtracted.
  func centered(_ activations: Matrix) -> Matrix {
    configuration.subtractsDecoderBias
      ? activations.subtractingFromRows(parameters[.decoderBias].array) : activations
  }

  /// What pre-activations are multiplied by before they compete.
  func scoreScale() -> [Float] {
    configuration.rescalesByDecoderNorm
      ? dictionary.rowNorms().map { max($0, TopKAutoencoder.leastNorm) }
      : [Float](repeating: 1, count: latentCount)
  }

  /// Norms are held above this before anything is divided by them, as SAELens does when it folds.
  static let leastNorm: Float = 1e-8

  func scores(of centered: Matrix, scale: [Float]) -> SparseLatents {
    SparseLatents.largestScores(
      k: configuration.k, of: centered, encoder: parameters[.encoder],
      bias: parameters[.encoderBias].array, scale: scale)
  }

  /// What decodes: the scores without the scale.
  func code(of latents: SparseLatents, scale: [Float]) -> SparseLatents {
    guard configuration.rescalesByDecoderNorm else { return latents }
    return latents.dividingValues(by: scale)
  }
}
