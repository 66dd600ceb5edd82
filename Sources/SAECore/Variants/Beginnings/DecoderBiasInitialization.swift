/// The first value of the decoder bias.
public enum DecoderBiasInitialization: Sendable, Equatable, Codable {
  /// 0: SAELens, and dictionary_learning but for its TopK family.
  case zeros
  /// The mean of the first batch: sparsify.
  case mean
  /// The geometric median of the first batch: OpenAI, and dictionary_learning's TopK, BatchTopK and
  /// Matryoshka.
  case geometricMedian

  /// b_dec, 1 × width.
  ///
  /// - Parameter batch: tokens × width, in the scale that the model is trained in: the activations,
  ///   or for a transcoder the target.
  /// - Throws: ``ShapeError`` if there is no token.
  public func bias(for batch: Matrix) throws(ShapeError) -> Matrix {
    switch self {
    case .zeros: return Matrix(rows: 1, columns: batch.columns)
    case .mean, .geometricMedian:
      guard batch.rows > 0 else {
        throw ShapeError("batch for the decoder bias", "tokens or more", expected: 1, found: 0)
      }
      let values =
        self == .mean ? batch.rowMean().map { Float($0) } : batch.geometricMedian()
      return Matrix(rows: 1, columns: batch.columns, values: values)
    }
  }
}
