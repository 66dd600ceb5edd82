import SAEKernels

/// Which entries compete for the k places of a token.
package enum TopKCandidacy: Sendable {
  /// Scores above 0: what a ReLU before or after the selection leaves.
  case positive
  /// All scores, negative ones too.
  case any
  /// Scores other than 0, by their magnitude; what is kept has its sign.
  case magnitude
}

extension SparseLatents {
  /// The k largest scores of each token, score = (⟨activations, encoder row⟩ + bias) · scale, without
  /// a matrix of tokens × latents.
  ///
  /// - Parameters:
  ///   - activations: tokens × width.
  ///   - encoder: latents × width.
  ///   - bias: one a latent; −∞ keeps a latent out.
  ///   - scale: one a latent, positive.
  /// - Returns: at most k entries a token; ties go to the lower index. Values are scores.
  package static func largestScores(
    k: Int, of activations: Matrix, encoder: Matrix, bias: [Float], scale: [Float],
    candidacy: TopKCandidacy = .positive
  ) -> SparseLatents {
    precondition(
      activations.columns == encoder.columns && bias.count == encoder.rows
        && scale.count == encoder.rows,
      "cannot encode \(activations.shape) with \(encoder.shape), \(bias.count) biases and "
        + "\(scale.count) scales")
    let product = EncoderProduct(
      kernels: Kernels.table, tokens: activations.rows, latents: encoder.rows,
      width: activations.columns)
    let table = TopKTable(
      tokens: activations.rows, segments: product.segments, k: min(k, encoder.rows),
      candidacy: candidacy)
    unsafe bias.withUnsafeBufferPointer { bias in
      unsafe scale.withUnsafeBufferPointer { scale in
        guard let biasBase = bias.baseAddress, let scaleBase = scale.baseAddress else { return }
        let parameters = unsafe (SharedConstant(biasBase), SharedConstant(scaleBase))
        unsafe product.run(
          activations: activations.view.operand, encoder: encoder.view.operand
        ) { tokens, latents, segment, block, stride in
          unsafe table.update(
            tokens, latents, segment, block, stride, bias: parameters.0.base,
            scale: parameters.1.base)
        }
      }
    }
    withExtendedLifetime((activations, encoder)) {}
    return table.finish(latentCount: encoder.rows)
  }
}

extension SparseLatents {
  /// The k largest entries of each token; ties go to the lower index.
  package func keepingLargest(_ k: Int) -> SparseLatents {
    var indices = indices
    var values = values
    var counts = [Int](repeating: 0, count: tokens)
    let offsets = rowOffsets
    unsafe indices.withUnsafeMutableBufferPointer { indices in
      unsafe values.withUnsafeMutableBufferPointer { values in
        unsafe counts.withUnsafeMutableBufferPointer { counts in
          guard let indexBase = indices.baseAddress, let valueBase = values.baseAddress,
            let countBase = counts.baseAddress
          else { return }
          let lists = unsafe (SharedPointer(indexBase), SharedPointer(valueBase))
          let out = unsafe SharedPointer(countBase)
          Parallel.forRanges(tokens, grain: Parallel.grain(tokens, least: 64)) { range, _ in
            for token in range {
              let begin = offsets[token]
              var candidates = unsafe TopKCandidates(
                count: offsets[token + 1] - begin, threshold: -.infinity,
                indices: lists.0.base + begin, scores: lists.1.base + begin)
              Kernels.table.finishTopK(&candidates, k)
              unsafe out.base[token] = candidates.count
            }
          }
        }
      }
    }
    var kept = [0]
    var keptIndices: [UInt32] = []
    var keptValues: [Float] = []
    for token in 0..<tokens {
      let entries = offsets[token]..<offsets[token] + counts[token]
      keptIndices += indices[entries]
      keptValues += values[entries]
      kept.append(keptIndices.count)
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: kept, indices: keptIndices, values: keptValues)
  }
}

/// A pointer that threads share because all only read what it points to.
@safe
struct SharedConstant<Element>: @unchecked Sendable {
  let base: UnsafePointer<Element>

  init(_ base: UnsafePointer<Element>) { unsafe self.base = base }
}

/// The candidates of all tokens of a batch.
///
/// Sendable because a token and segment are worked on by one thread at a time.
@safe
private final class TopKTable: @unchecked Sendable {
  let tokens: Int
  let segments: Int
  let k: Int
  let comparesMagnitudes: Bool
  let states: UnsafeMutablePointer<TopKCandidates>
  let indices: UnsafeMutablePointer<UInt32>
  let scores: UnsafeMutablePointer<Float>

  init(tokens: Int, segments: Int, k: Int, candidacy: TopKCandidacy) {
    self.tokens = tokens
    self.segments = segments
    self.k = k
    comparesMagnitudes = candidacy == .magnitude
    let rows = tokens * segments
    let room = max(1, 2 * k)
    unsafe states = .allocate(capacity: max(1, rows))
    unsafe indices = .allocate(capacity: max(1, rows * room))
    unsafe scores = .allocate(capacity: max(1, rows * room))
    for row in 0..<rows {
      unsafe (states + row).initialize(
        to: TopKCandidates(
          count: 0, threshold: candidacy == .any ? -.infinity : 0,
          indices: indices + row * room, scores: scores + row * room))
    }
  }

  deinit {
    unsafe states.deallocate()
    unsafe indices.deallocate()
    unsafe scores.deallocate()
  }

  func update(
    _ range: Range<Int>, _ latents: Range<Int>, _ segment: Int, _ block: UnsafePointer<Float>,
    _ stride: Int, bias: UnsafePointer<Float>, scale: UnsafePointer<Float>
  ) {
    let update =
      unsafe comparesMagnitudes ? Kernels.table.updateTopKMagnitudes : Kernels.table.updateTopK
    let room = 2 * k + latents.count + 1
    Workspace.borrow(2 * room) { scratch in
      let scratchScores = unsafe scratch.base
      unsafe (scratchScores + room).withMemoryRebound(to: UInt32.self, capacity: room) {
        scratchIndices in
        for token in range {
          unsafe update(
            &states[token * segments + segment], k, latents.count,
            block + (token - range.lowerBound) * stride, bias + latents.lowerBound,
            scale + latents.lowerBound, UInt32(truncatingIfNeeded: latents.lowerBound),
            scratchIndices, scratchScores)
        }
      }
    }
  }

  /// Reduces every token's candidates to k and lists them.
  func finish(latentCount: Int) -> SparseLatents {
    let kernels = Kernels.table
    Parallel.forRanges(tokens, grain: Parallel.grain(tokens, least: 64)) { range, _ in
      for token in range {
        if self.segments > 1 { self.mergeSegments(of: token) }
        unsafe kernels.finishTopK(&self.states[token * self.segments], self.k)
        if self.comparesMagnitudes { self.restoreSigns(of: token) }
      }
    }
    var offsets = [0]
    offsets.reserveCapacity(tokens + 1)
    for token in 0..<tokens {
      unsafe offsets.append(offsets[token] + states[token * segments].count)
    }
    let total = offsets[tokens]
    let allIndices = unsafe [UInt32](unsafeUninitializedCapacity: total) { buffer, count in
      for token in 0..<tokens {
        let state = unsafe states[token * segments]
        for i in 0..<state.count { unsafe buffer[offsets[token] + i] = state.indices[i] }
      }
      count = total
    }
    let allScores = unsafe [Float](unsafeUninitializedCapacity: total) { buffer, count in
      for token in 0..<tokens {
        let state = unsafe states[token * segments]
        for i in 0..<state.count { unsafe buffer[offsets[token] + i] = state.scores[i] }
      }
      count = total
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: allIndices, values: allScores)
  }

  /// Leaves the k best of all of a token's segments in its first one, indices ascending.
  private func mergeSegments(of token: Int) {
    var merged: [(index: UInt32, score: Float)] = []
    for segment in 0..<segments {
      let state = unsafe states[token * segments + segment]
      for i in 0..<state.count { unsafe merged.append((state.indices[i], state.scores[i])) }
    }
    // The lower index first among equal scores, as in a scan of all latents.
    let mask = comparesMagnitudes ? UInt32.max >> 1 : UInt32.max
    merged.sort {
      $0.score != $1.score ? $0.score > $1.score : $0.index & mask < $1.index & mask
    }
    merged.removeLast(max(0, merged.count - k))
    merged.sort { $0.index & mask < $1.index & mask }
    let first = unsafe states + token * segments
    for (i, entry) in merged.enumerated() {
      unsafe first.pointee.indices[i] = entry.index
      unsafe first.pointee.scores[i] = entry.score
    }
    unsafe first.pointee.count = merged.count
  }

  /// Moves the signs from the indices of a token's entries to their scores.
  private func restoreSigns(of token: Int) {
    let state = unsafe states[token * segments]
    for i in 0..<state.count {
      let index = unsafe state.indices[i]
      guard index > UInt32.max >> 1 else { continue }
      unsafe state.indices[i] = index & (UInt32.max >> 1)
      unsafe state.scores[i].negate()
    }
  }
}
