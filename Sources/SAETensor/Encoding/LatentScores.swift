/// The scores of a batch's latents, not computed yet: they are made a piece at a time while something
/// is selected from them, and a matrix of tokens × latents is never written.
///
///     score = (⟨activations, encoder row⟩ + bias) · scale
///
/// Every selection gives scores as values; ties go to the lower token, then to the lower latent.
public struct LatentScores: Sendable {
  /// The activations to encode, tokens × width.
  public let activations: Matrix
  /// latents × width.
  public let encoder: Matrix
  /// One per latent.
  public let bias: [Float]
  /// One per latent, positive.
  public let scale: [Float]

  /// - Precondition: there are a bias and a scale for each of the encoder's rows, which are as wide as
  ///   the activations.
  public init(activations: Matrix, encoder: Matrix, bias: [Float], scale: [Float]? = nil) {
    self.activations = activations
    self.encoder = encoder
    self.bias = bias
    self.scale = scale ?? [Float](repeating: 1, count: encoder.rows)
  }

  /// Tokens of the batch.
  public var tokens: Int { activations.rows }
  /// Latents that are scored.
  public var latentCount: Int { encoder.rows }

  /// The k largest positive scores of each token; fewer where fewer are positive.
  public func largest(_ k: Int) -> SparseLatents { largest(k, .positive) }

  /// The k scores of each token that are largest by magnitude, with their signs.
  public func largestMagnitudes(_ k: Int) -> SparseLatents { largest(k, .magnitude) }

  /// The `count` largest positive scores of all tokens together; fewer if fewer are positive.
  public func largestOfBatch(_ count: Int) -> SparseLatents {
    SparseLatents.largestScoresOfBatch(
      count: count, of: activations, encoder: encoder, bias: bias, scale: scale)
  }

  /// The largest score of each of `groups` groups of consecutive latents, a token at a time; where no
  /// score of a group is positive, its first latent at 0.
  ///
  /// - Precondition: the latents fill the groups.
  public func largestOfGroups(_ groups: Int) -> SparseLatents {
    SparseLatents.largestScoresOfGroups(
      groups: groups, of: activations, encoder: encoder, bias: bias, scale: scale)
  }

  /// The positive scores above a threshold.
  public func above(_ threshold: Float) -> SparseLatents {
    let (threshold, scale) = (max(threshold, 0), scale)
    // Two units in the last place lower: a quotient and a product are rounded.
    let bounds = scale.map { (threshold / $0).nextDown.nextDown }
    let sums = SparseLatents.aboveThreshold(
      of: activations, encoder: encoder, bias: bias, thresholds: bounds)
    let values = sums.values
    return sums.replacingValues(
      sums.mapEntries { entry, _, latent in
        let score = values[entry] * scale[latent]
        return score > threshold ? score : 0
      }
    ).droppingZeros()
  }

  /// The k largest scores of each token among those that compete.
  package func largest(_ k: Int, _ candidacy: TopKCandidacy) -> SparseLatents {
    SparseLatents.largestScores(
      k: k, of: activations, encoder: encoder, bias: bias, scale: scale, candidacy: candidacy)
  }

  /// The scores of some latents alone.
  package func gathering(_ latents: [Int]) -> LatentScores {
    LatentScores(
      activations: activations, encoder: encoder.gatheringRows(latents),
      bias: latents.map { bias[$0] }, scale: latents.map { scale[$0] })
  }
}
