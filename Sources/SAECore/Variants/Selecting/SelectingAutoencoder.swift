/// An autoencoder whose latents are a selection among scores:
///
///     h = W_enc (x − b_dec) + b_enc      s = h or n ⊙ h      z = s where it is selected, else 0
///     x̂ = W_decᵀ u + b_dec               u = z or z / n
///
/// n are the decoder rows' norms, with ``SelectingConfiguration/rescalesByDecoderNorm``. A variant says
/// which scores it selects; encoding, decoding, loss, auxiliary loss and their gradients come with the
/// protocol. Gradients flow through the selected scores alone; with rescaling the norms cancel exactly
/// in the reconstruction, so they get none.
///
/// ``TrainableAutoencoder/parameters`` are W_enc and W_dec (latents × width), b_enc (1 × latents) and b_dec (1 × width).
public protocol SelectingAutoencoder: TrainableAutoencoder
where Configuration: SelectingConfiguration {
  /// The latents that a batch keeps while it is trained on.
  func select(_ scores: LatentScores) -> SparseLatents

  /// The latents that a batch keeps in a step of training, where that depends on the step; those of
  /// ``select(_:)`` unless a variant says otherwise.
  ///
  /// - Parameters:
  ///   - scores: of the batch's latents.
  ///   - step: steps made before.
  func select(_ scores: LatentScores, step: Int) -> SparseLatents

  /// The latents that tokens have once training is over; those of ``select(_:)`` unless a variant says
  /// otherwise.
  func selectAfterTraining(_ scores: LatentScores) -> SparseLatents

  /// Whether scores compete by magnitude, so that latents may be negative.
  var comparesMagnitudes: Bool { get }
}

extension SelectingAutoencoder {
  public var inputDimension: Int { parameters[.encoder].columns }
  public var outputDimension: Int { parameters[.decoder].columns }
  public var latentCount: Int { parameters[.encoder].rows }
  public var decoderConstraint: DecoderConstraint { configuration.decoderConstraint }
  public var comparesMagnitudes: Bool { false }

  public func select(_ scores: LatentScores, step: Int) -> SparseLatents { select(scores) }

  public func selectAfterTraining(_ scores: LatentScores) -> SparseLatents { select(scores) }

  /// Encodes activations; a tie goes to the lower index.
  ///
  /// - Parameter activations: tokens × width, in the scale the weights were trained on.
  /// - Throws: ``ShapeError`` if the width is not ``SparseAutoencoder/inputDimension``.
  /// - Complexity: O(tokens · width · latents) time; no tokens × latents matrix is made.
  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    selectAfterTraining(try scores(of: activations))
  }

  public func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    try check(activations, latents)
    return decoded(latents)
  }

  /// W_decᵀ u + b_dec.
  func decoded(_ latents: SparseLatents) -> Matrix {
    code(of: latents, scale: scoreScale()).decoded(
      by: decoder, bias: parameters[.decoderBias].array)
  }

  /// The scores that latents are selected from.
  ///
  /// - Throws: ``ShapeError`` if the width is not ``SparseAutoencoder/inputDimension``.
  public func scores(of activations: Matrix) throws(ShapeError) -> LatentScores {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    return LatentScores(
      activations: centered(activations), encoder: parameters[.encoder],
      bias: parameters[.encoderBias].array, scale: scoreScale())
  }

  /// x − b_dec, or x where the bias is not subtracted.
  func centered(_ activations: Matrix) -> Matrix {
    configuration.subtractsDecoderBias
      ? activations.subtractingFromRows(parameters[.decoderBias].array) : activations
  }

  /// The factor of pre-activations before they compete.
  func scoreScale() -> [Float] {
    configuration.rescalesByDecoderNorm
      ? decoder.guardedRowNorms() : [Float](repeating: 1, count: latentCount)
  }

  /// The code that is decoded: the scores without the scale.
  func code(of latents: SparseLatents, scale: [Float]) -> SparseLatents {
    configuration.rescalesByDecoderNorm ? latents.dividingValues(by: scale) : latents
  }
}

extension Matrix {
  /// Norms of the rows, held above 1e-8 because they are divisors, as SAELens does when it folds.
  func guardedRowNorms() -> [Float] { rowNorms().map { max($0, 1e-8) } }
}

extension ParameterSet {
  /// Checks that W_enc, W_dec, b_enc and b_dec fit each other.
  ///
  /// - Parameter isTranscoder: whether the output may be of another width than the input.
  /// - Throws: ``ShapeError`` if they do not.
  func checkShapes(isTranscoder: Bool = false) throws(ShapeError) {
    let encoder = self[.encoder]
    let decoder = self[.decoder]
    try ShapeError.check("W_dec", "rows", expected: encoder.rows, found: decoder.rows)
    if !isTranscoder {
      try ShapeError.check("W_dec", "columns", expected: encoder.columns, found: decoder.columns)
    }
    try ShapeError.check(
      "b_enc", "numbers", expected: encoder.rows, found: self[.encoderBias].count)
    try ShapeError.check(
      "b_dec", "numbers", expected: decoder.columns, found: self[.decoderBias].count)
  }

  /// Checks that k latents can be selected.
  ///
  /// - Throws: ``ShapeError`` if there are fewer, or k is not positive.
  func checkSelection(of k: Int) throws(ShapeError) {
    let latents = self[.encoder].rows
    guard k > 0, k <= latents else {
      throw ShapeError(
        "k", "or fewer, the number of latents, and at least 1", expected: latents, found: k)
    }
  }
}
