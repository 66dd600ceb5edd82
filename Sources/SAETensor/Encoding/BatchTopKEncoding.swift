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
    return EncoderProduct.encode(activations, by: encoder, bias: bias, limits: scale) {
      BatchCollector(table: EntryTable($0), bound: RunningBound(count))
    }
  }
}

/// The entries of a batch that may be among its largest.
private struct BatchCollector: EntryCollector {
  let table: EntryTable
  let bound: RunningBound

  func collect(_ block: ProductBlock) {
    let list = table.list(of: block.tokens, block.segment)
    let threshold = bound.threshold
    table.lists[list].compact(above: threshold)
    let before = table.lists[list].count
    block.forEachToken { token, products in
      table.lists[list].append(token: token, products, of: block, above: threshold)
    }
    bound.count(table.lists[list], from: before)
  }

  func finish() -> SparseLatents { table.sparseLatents(cut: bound.cut(table)) }
}

/// A lower bound of the n-th largest of scores that come up in any order.
///
/// Scores are counted in buckets by exponent and the first bits of their significand. Once n of them
/// stand in buckets from some bucket on, nothing below that bucket is among the n largest. The speed at
/// which the bound rises depends on which scores come first; the final selection does not.
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
    // The number just below the bucket's first: a score that is not above it is in a lower bucket.
    return lowest == 0
      ? 0 : Float(bitPattern: (UInt32(truncatingIfNeeded: lowest) << RunningBound.shift) - 1)
  }

  /// Counts the entries of a list from a place on.
  func count(_ list: EntryList, from start: Int) {
    state.withLock { state in
      for entry in start..<list.count {
        let bucket = RunningBound.bucket(list.scores[entry])
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
    for index in 0..<table.lists.count {
      let list = table.lists[index]
      for entry in 0..<list.count {
        let score = list.scores[entry]
        guard RunningBound.bucket(score) == lowest else { continue }
        entries.append(
          EntryCut(score: score, token: list.tokens[entry], latent: list.latents[entry]))
      }
    }
    entries.sort {
      $0.score != $1.score ? $0.score > $1.score : ($0.token, $0.latent) < ($1.token, $1.latent)
    }
    return entries[entries.count - 1 - surplus]
  }
}
