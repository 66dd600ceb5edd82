import SAECore
import SAEMetrics

/// Tokens, two autoencoders and what they make of them, always the same.
struct RecordedSample {
  static let (tokens, width, latents) = (600, 37, 90)

  let activations: Matrix
  let model: TopKAutoencoder
  let other: TopKAutoencoder
  let latents: SparseLatents
  let otherLatents: SparseLatents
  let reconstruction: Matrix
  let ids = (0..<tokens).map { ($0 * $0 + 3 * $0) % 23 }
  let mask = TokenMask(
    (0..<tokens).map { $0 % 11 != 0 }, contexts: (0..<tokens).map { $0 / 50 })

  init() {
    var rows = Matrix.recorded(Self.tokens, Self.width, seed: 61)
    rows.addToRows((0..<Self.width).map { Float($0 % 4) / 2 })
    activations = rows
    do {
      model = try Self.autoencoder(seed: 62)
      other = try Self.autoencoder(seed: 66)
      (latents, reconstruction) = try model.run(rows)
      otherLatents = try other.encode(rows)
    } catch {
      preconditionFailure("\(error)")
    }
  }

  private static func autoencoder(seed: UInt64) throws -> TopKAutoencoder {
    var decoder = Matrix.recorded(latents, width, seed: seed)
    decoder.normalizeRows(normGuard: 1e-8)
    return try TopKAutoencoder(
      parameters: [
        .encoder: decoder, .encoderBias: .recorded(1, latents, seed: seed + 1), .decoder: decoder,
        .decoderBias: .recorded(1, width, seed: seed + 2),
      ], configuration: TopKConfiguration(k: 7))
  }

  func activations(_ range: Range<Int>) -> Matrix { Matrix(activations[rows: range]) }

  func reconstruction(_ range: Range<Int>) -> Matrix { Matrix(reconstruction[rows: range]) }

  func latents(_ range: Range<Int>) throws -> SparseLatents { try model.encode(activations(range)) }
}

extension Matrix {
  /// Gaussian numbers, the same for the same seed.
  static func recorded(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, _ in Float(generator.gaussian()) }
  }
}
