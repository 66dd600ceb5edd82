public import SAECore

#if canImport(Darwin)
  import Darwin
#else
  import Foundation
#endif

/// Bits per token that a code of the quantized latents takes, each latent coded by itself: Σᵢ [H₂(pᵢ) + pᵢ
/// H(qᵢ)], with the firing rate pᵢ, and qᵢ the distribution of the bins among the tokens on which latent i
/// is active.
///
/// A latent that never fires costs nothing; nor does one that always fires with one value. Judge a code's
/// length together with the reconstruction error of ``LatentQuantization/quantizing(_:)``.
///
/// Source: Ayonrinde, Pearce and Sharkey 2024, arXiv 2410.11179, section 3.
public struct DescriptionLengthMetrics: Metric {
  /// How finely each latent's values are coded.
  public let quantization: LatentQuantization
  private var tokens = 0
  private var nonFiniteTokens = 0
  /// Tokens in each bin of each latent.
  private var bins: [[Int: Int]]

  /// Counts for `latentCount` latents under `quantization`.
  public init(latentCount: Int, quantization: LatentQuantization) {
    switch quantization {
    case .bins(let count, let ranges):
      precondition(count > 0, "\(count) bins hold nothing")
      precondition(ranges.latentCount == latentCount, "the ranges are of other latents")
    case .width(let width): precondition(width > 0, "\(width) is no width of a bin")
    }
    self.quantization = quantization
    bins = [[Int: Int]](repeating: [:], count: latentCount)
  }

  /// Adds the counted tokens of a batch.
  ///
  /// - Parameter batch: with latents.
  /// - Throws: `ShapeError` if the number of latents differs.
  public mutating func update(_ batch: EncodedBatch) throws(ShapeError) {
    try batch.check(latentCount: bins.count)
    let latents = batch.latents
    for row in batch.rows {
      tokens += 1
      var finite = true
      for entry in latents.entries(of: Int(row)) where latents.values[entry] != 0 {
        let (latent, value) = (Int(latents.indices[entry]), latents.values[entry])
        finite = finite && value.isFinite
        guard value.isFinite else { continue }
        bins[latent][quantization.index(value, latent: latent), default: 0] += 1
      }
      if !finite { nonFiniteTokens += 1 }
    }
  }

  /// Adds what another accumulator with the same quantization has counted.
  ///
  /// - Throws: `ShapeError` if its number of latents is another.
  public mutating func merge(_ other: DescriptionLengthMetrics) throws(ShapeError) {
    try ShapeError.check(
      "merged description length", "latents", expected: bins.count, found: other.bins.count)
    precondition(quantization == other.quantization, "the codes are of other quantizations")
    for latent in bins.indices {
      bins[latent].merge(other.bins[latent], uniquingKeysWith: +)
    }
    tokens += other.tokens
    nonFiniteTokens += other.nonFiniteTokens
  }

  /// Bits per token. Undefined without tokens; NaN if a counted activation was not finite.
  public struct Value: Sendable, Equatable, Codable {
    /// Tokens counted.
    public var tokens: Int
    /// Counted tokens with a NaN or infinity.
    public var nonFiniteTokens: Int
    /// H₂(pᵢ) of each latent.
    public var gateBits: [Double?]
    /// pᵢ H(qᵢ) of each latent.
    public var valueBits: [Double?]
    /// The sum of all.
    public var bitsPerToken: Double?
  }

  /// The code's length for all tokens so far.
  public var value: Value {
    var value = Value(
      tokens: tokens, nonFiniteTokens: nonFiniteTokens,
      gateBits: [Double?](repeating: nil, count: bins.count),
      valueBits: [Double?](repeating: nil, count: bins.count))
    guard tokens > 0 else { return value }
    var total = nonFiniteTokens > 0 ? Double.nan : 0
    for (latent, counts) in bins.enumerated() {
      // In the order of the bins: a dictionary's differs from run to run.
      let ordered = counts.sorted { $0.key < $1.key }.map(\.value)
      let firings = ordered.reduce(0, +)
      let gate = entropy([firings, tokens - firings])
      let rate = Double(firings) / Double(tokens)
      let code = rate * entropy(ordered)
      value.gateBits[latent] = gate
      value.valueBits[latent] = code
      total += gate + code
    }
    value.bitsPerToken = total
    return value
  }
}

/// Entropy in bits of the distribution that counts stand for; 0 without any.
func entropy(_ counts: [Int]) -> Double {
  let total = Double(counts.reduce(0, +))
  return counts.reduce(0.0) { sum, count in
    guard count > 0 else { return sum }
    let share = Double(count) / total
    return sum - share * log2(share)
  }
}

extension DescriptionLengthMetrics {
  /// A code with its reconstruction error.
  public struct Code: Sendable, Equatable {
    /// Levels of each latent.
    public let bins: Int
    /// Mean bits of a token's latents.
    public let bitsPerToken: Double
    /// Mean over tokens of ‖x − x̂‖² with quantized latents, and with the latents as they are.
    public let quantizedMeanSquaredError: Double
    /// Squared error of the reconstruction from the coded values, per element.
    public let meanSquaredError: Double
  }

  /// The code with the fewest bins whose reconstruction error is at most 1 + `tolerance` times that
  /// of the latents as they are.
  ///
  /// - Parameters:
  ///   - autoencoder: what encoded the batches.
  ///   - batches: activations with their latents and reconstruction; gone through twice and once for
  ///     every number of bins that is tried.
  ///   - candidates: numbers of bins.
  ///   - tolerance: how much more error is allowed.
  /// - Returns: the code; nil if no candidate is exact enough, or there are no tokens.
  /// - Throws: `ShapeError` if batches do not fit.
  public static func shortestCode(
    of autoencoder: some SparseAutoencoder, _ batches: some Collection<EncodedBatch>,
    bins candidates: [Int] = [2, 4, 8, 16, 32, 64, 128, 256], tolerance: Double
  ) throws -> Code? {
    guard let first = batches.first else { return nil }
    var ranges = LatentRanges(latentCount: first.latents.latentCount)
    for batch in batches { try ranges.update(batch) }
    func error(_ change: (EncodedBatch) throws -> EncodedBatch) throws -> Double? {
      var metrics = ReconstructionMetrics(width: first.activations.columns)
      for batch in batches { try metrics.update(change(batch)) }
      return metrics.value.meanSquaredError
    }
    guard let exact = try error({ $0 }) else { return nil }
    for count in candidates.sorted() {
      let quantization = LatentQuantization.bins(count, ranges)
      let quantized = try error { batch in
        let latents = quantization.quantizing(batch.latents)
        return try EncodedBatch(
          activations: batch.activations, latents: latents,
          reconstruction: autoencoder.reconstruct(batch.activations, from: latents),
          mask: batch.mask)
      }
      guard let quantized,
        quantized <= (1 + tolerance) * exact
      else { continue }
      var metrics = DescriptionLengthMetrics(
        latentCount: ranges.latentCount, quantization: quantization)
      for batch in batches { try metrics.update(batch) }
      guard let bits = metrics.value.bitsPerToken else { return nil }
      return Code(
        bins: count, bitsPerToken: bits, quantizedMeanSquaredError: quantized,
        meanSquaredError: exact)
    }
    return nil
  }
}
