import SAEKernels

extension SparseLatents {
  /// The `count` largest positive scores of the whole batch, without a matrix of tokens × latents.
  ///
  /// Scores, and what their arguments are, as for ``largestScores(k:of:encoder:bias:scale:candidacy:)``.
  ///
  /// - Returns: as many entries, fewer if fewer are positive; ties go to the lower token, then to the
  ///   lower latent.
  package static func largestScoresOfBatch(
    count: Int, of activations: Matrix, encoder: Matrix, bias: [Float], scale: [Float]
  ) -> SparseLatents {
    guard count > 0 else {
      return SparseLatents(
        unchecked: encoder.rows, rowOffsets: [Int](repeating: 0, count: activations.rows + 1),
        indices: [], values: [])
    }
    let bound = RunningBound(count)
    let table = collectScores(of: activations, encoder: encoder, bias: bias, scale: scale, bound)
    return table.sparseLatents(latentCount: encoder.rows, cut: bound.cut(table))
  }

  private static func collectScores(
    of activations: Matrix, encoder: Matrix, bias: [Float], scale: [Float],
    _ bound: RunningBound
  ) -> EntryTable {
    precondition(
      activations.columns == encoder.columns && bias.count == encoder.rows
        && scale.count == encoder.rows,
      "cannot encode \(activations.shape) with \(encoder.shape), \(bias.count) biases and "
        + "\(scale.count) scales")
    let product = EncoderProduct(
      kernels: Kernels.table, tokens: activations.rows, latents: encoder.rows,
      width: activations.columns)
    let table = EntryTable(product)
    unsafe bias.withUnsafeBufferPointer { bias in
      unsafe scale.withUnsafeBufferPointer { scale in
        guard let biasBase = bias.baseAddress, let scaleBase = scale.baseAddress else { return }
        let parameters = unsafe (SharedConstant(biasBase), SharedConstant(scaleBase))
        unsafe product.run(
          activations: activations.view.operand, encoder: encoder.view.operand
        ) { tokens, latents, segment, block, stride in
          let list = table.list(of: tokens, segment)
          let threshold = bound.threshold
          list.compact(above: threshold)
          let before = list.count
          for token in tokens {
            unsafe list.append(
              token: token, latents, block + (token - tokens.lowerBound) * stride,
              bias: parameters.0.base, scale: parameters.1.base, above: threshold)
          }
          unsafe bound.count(
            UnsafeBufferPointer(start: list.scores + before, count: list.count - before))
        }
      }
    }
    withExtendedLifetime((activations, encoder)) {}
    return table
  }
}

/// A lower bound of the n-th largest of scores that come up in any order.
///
/// Scores are counted in buckets by exponent and the first bits of their significand. Once n of them
/// stand in buckets from some bucket on, nothing below that bucket is among the n largest. How fast
/// the bound rises depends on who comes first, what is kept in the end does not.
private final class RunningBound: Sendable {
  private struct State {
    var counts = [Int](repeating: 0, count: bucket(.infinity) + 1)
    /// The lowest bucket that still counts.
    var lowest = 0
    /// Scores from that bucket on.
    var held = 0
  }

  private let wanted: Int
  private let state = Guarded(State())

  init(_ wanted: Int) { self.wanted = wanted }

  private static let shift: UInt32 = 17

  private static func bucket(_ score: Float) -> Int { Int(score.bitPattern >> shift) }

  var threshold: Float {
    let lowest = state.withLock { $0.lowest }
    // The number just below the bucket's first: what is not above it is in a lower bucket.
    return lowest == 0
      ? 0 : Float(bitPattern: (UInt32(truncatingIfNeeded: lowest) << RunningBound.shift) - 1)
  }

  func count(_ scores: UnsafeBufferPointer<Float>) {
    state.withLock { state in
      for index in scores.indices {
        let bucket = unsafe RunningBound.bucket(scores[index])
        guard bucket >= state.lowest else { continue }
        state.counts[bucket] += 1
        state.held += 1
      }
      while state.held - state.counts[state.lowest] >= wanted {
        state.held -= state.counts[state.lowest]
        state.lowest += 1
      }
    }
  }

  /// Where the n-th largest score stands; only the lowest bucket has to be put in order.
  func cut(_ table: EntryTable) -> EntryCut {
    let (lowest, surplus) = state.withLock { ($0.lowest, $0.held - wanted) }
    guard surplus > 0 else {
      // All of the lowest bucket, and nothing that was listed before the bound rose to it.
      return EntryCut(
        score: Float(bitPattern: UInt32(truncatingIfNeeded: lowest) << RunningBound.shift),
        token: .max, latent: .max)
    }
    var entries: [EntryCut] = []
    for list in table.lists {
      for entry in 0..<list.count {
        let score = unsafe list.scores[entry]
        guard RunningBound.bucket(score) == lowest else { continue }
        unsafe entries.append(
          EntryCut(score: score, token: list.tokens[entry], latent: list.latents[entry]))
      }
    }
    entries.sort {
      $0.score != $1.score ? $0.score > $1.score : ($0.token, $0.latent) < ($1.token, $1.latent)
    }
    return entries[entries.count - 1 - surplus]
  }
}
