import SAEKernels

/// Which entries compete for the k places of a token.
package enum TopKCandidacy: Sendable {
  /// Scores above 0: those that a ReLU before or after the selection leaves.
  case positive
  /// All scores, negative ones too.
  case any
  /// Scores other than 0, by their magnitude; kept scores have their sign.
  case magnitude
}

extension SparseLatents {
  /// The k largest scores of each token, score = (⟨activations, encoder row⟩ + bias) · scale, without
  /// a matrix of tokens × latents.
  ///
  /// - Parameters:
  ///   - activations: tokens × width.
  ///   - encoder: latents × width.
  ///   - bias: one per latent; −∞ keeps a latent out.
  ///   - scale: one per latent, positive.
  /// - Returns: at most k entries per token; ties go to the lower index. Values are scores.
  package static func largestScores(
    k: Int, of activations: Matrix, encoder: Matrix, bias: [Float], scale: [Float],
    candidacy: TopKCandidacy = .positive
  ) -> SparseLatents {
    EncoderProduct.encode(activations, by: encoder, bias: bias, limits: scale) {
      TopKCollector($0, k: min(k, encoder.rows), candidacy: candidacy)
    }
  }

  /// The k largest entries of each token; ties go to the lower index.
  package func keepingLargest(_ k: Int) -> SparseLatents {
    var indices = indices
    var values = values
    var counts = [Int](repeating: 0, count: tokens)
    indices.lendMutable { indices in
      values.lendMutable { values in
        counts.lendMutable { counts in
          Parallel.forEach(tokens, least: 64) { token in
            let entries = rowOffsets[token]..<rowOffsets[token + 1]
            var candidates = TopKCandidates(
              indices[entries], values[entries], count: entries.count, threshold: -.infinity)
            Kernels.table.finishTopK(&candidates, k)
            counts[token] = candidates.count
          }
        }
      }
    }
    var kept = [0]
    var keptIndices: [UInt32] = []
    var keptValues: [Float] = []
    for token in 0..<tokens {
      let entries = rowOffsets[token]..<rowOffsets[token] + counts[token]
      keptIndices += indices[entries]
      keptValues += values[entries]
      kept.append(keptIndices.count)
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: kept, indices: keptIndices, values: keptValues)
  }
}

extension TopKCandidates {
  fileprivate init(
    _ indices: MutableLent<UInt32>, _ scores: MutableLent<Float>, count: Int, threshold: Float
  ) {
    unsafe self.init(
      count: count, threshold: threshold, indices: indices.base, scores: scores.base)
  }

  /// Latents of the candidates.
  fileprivate var heldIndices: MutableLent<UInt32> { unsafe MutableLent(indices, count: count) }
  /// Their scores.
  fileprivate var heldScores: MutableLent<Float> { unsafe MutableLent(scores, count: count) }
}

/// The candidates of all tokens of a batch for their k largest scores.
private struct TopKCollector: EntryCollector {
  let tokens: Int
  let segments: Int
  let latents: Int
  let k: Int
  let comparesMagnitudes: Bool
  private let states: SharedBuffer<TopKCandidates>
  private let indices: SharedBuffer<UInt32>
  private let scores: SharedBuffer<Float>

  init(_ product: EncoderProduct, k: Int, candidacy: TopKCandidacy) {
    tokens = product.tokens
    segments = product.segments
    latents = product.latents
    self.k = k
    comparesMagnitudes = candidacy == .magnitude
    let rows = tokens * segments
    let room = 2 * k
    let indices = SharedBuffer<UInt32>(uninitialized: rows * room)
    let scores = SharedBuffer<Float>(uninitialized: rows * room)
    states = SharedBuffer(count: rows) { row in
      let entries = row * room..<(row + 1) * room
      return TopKCandidates(
        indices.elements[entries], scores.elements[entries], count: 0,
        threshold: candidacy == .any ? -.infinity : 0)
    }
    (self.indices, self.scores) = (indices, scores)
  }

  func collect(_ block: ProductBlock) {
    let update =
      unsafe comparesMagnitudes ? Kernels.table.updateTopKMagnitudes : Kernels.table.updateTopK
    Workspace.borrow(entries: 2 * k + block.latents.count + 1) { indices, scores in
      block.forEachToken { token, products in
        unsafe update(
          &states.elements[token * segments + block.segment], k, products.count, products.base,
          block.bias.base, block.limits.base, block.firstIndex, indices.base, scores.base)
      }
    }
  }

  /// Reduces every token's candidates to k and lists them.
  func finish() -> SparseLatents {
    Parallel.forEach(tokens, least: 64) { token in
      if segments > 1 { mergeSegments(of: token) }
      Kernels.table.finishTopK(&states.elements[token * segments], k)
      if comparesMagnitudes { restoreSigns(of: token) }
    }
    let kept = (0..<tokens).map { states.elements[$0 * segments] }
    var offsets = [0]
    offsets.reserveCapacity(tokens + 1)
    for token in 0..<tokens { offsets.append(offsets[token] + kept[token].count) }
    let total = offsets[tokens]
    return SparseLatents(
      unchecked: latents, rowOffsets: offsets,
      indices: [UInt32](filling: total) { all in
        for token in 0..<tokens { all.from(offsets[token]).copy(kept[token].heldIndices.reading) }
      },
      values: [Float](filling: total) { all in
        for token in 0..<tokens { all.from(offsets[token]).copy(kept[token].heldScores.reading) }
      })
  }

  /// Leaves the k best of all of a token's segments in its first one, indices ascending.
  private func mergeSegments(of token: Int) {
    var merged: [(index: UInt32, score: Float)] = []
    for segment in 0..<segments {
      let state = states.elements[token * segments + segment]
      for i in 0..<state.count { merged.append((state.heldIndices[i], state.heldScores[i])) }
    }
    // The lower index first among equal scores, as in a scan of all latents.
    let mask = comparesMagnitudes ? UInt32.max >> 1 : UInt32.max
    merged.sort {
      $0.score != $1.score ? $0.score > $1.score : $0.index & mask < $1.index & mask
    }
    merged.removeLast(max(0, merged.count - k))
    merged.sort { $0.index & mask < $1.index & mask }
    states.elements[token * segments].count = merged.count
    let state = states.elements[token * segments]
    for (i, entry) in merged.enumerated() {
      state.heldIndices[i] = entry.index
      state.heldScores[i] = entry.score
    }
  }

  /// Moves the signs from the indices of a token's entries to their scores.
  private func restoreSigns(of token: Int) {
    let state = states.elements[token * segments]
    let (indices, scores) = (state.heldIndices, state.heldScores)
    for i in 0..<state.count where indices[i] > UInt32.max >> 1 {
      indices[i] &= UInt32.max >> 1
      scores[i].negate()
    }
  }
}
