import SAEKernels

extension SparseLatents {
  /// The largest positive score of each group of latents, without a matrix of tokens × latents.
  ///
  /// Group g has latents g · size ..< (g + 1) · size. Scores, and what their arguments are, as for
  /// ``largestScores(k:of:encoder:bias:scale:candidacy:)``.
  ///
  /// - Returns: one entry per group; ties go to the lower index. A group without a positive score has its
  ///   first latent, at 0.
  /// - Precondition: the latents fill the groups.
  package static func largestScoresOfGroups(
    groups: Int, of activations: Matrix, encoder: Matrix, bias: [Float], scale: [Float]
  ) -> SparseLatents {
    precondition(
      groups > 0 && encoder.rows % groups == 0,
      "\(encoder.rows) latents do not fill \(groups) groups")
    return EncoderProduct.encode(activations, by: encoder, bias: bias, limits: scale) {
      GroupCollector($0, groups: groups)
    }
  }
}

/// The largest score of each token's groups so far.
private struct GroupCollector: EntryCollector {
  let tokens: Int
  let segments: Int
  let groups: Int
  let size: Int
  private let indices: SharedBuffer<UInt32>
  private let scores: SharedBuffer<Float>

  init(_ product: EncoderProduct, groups: Int) {
    tokens = product.tokens
    segments = product.segments
    self.groups = groups
    let size = product.latents / groups
    self.size = size
    let count = tokens * segments * groups
    indices = SharedBuffer(count: count) { UInt32(truncatingIfNeeded: $0 % groups * size) }
    scores = SharedBuffer(count: count) { _ in 0 }
  }

  func collect(_ block: ProductBlock) {
    Workspace.borrow(entries: block.latents.count + 1) { places, found in
      block.forEachToken { token, products in
        let row = (token * segments + block.segment) * groups
        var begin = 0
        while begin < products.count {
          let latent = block.latents.lowerBound + begin
          let group = latent / size
          let end = min((group + 1) * size - block.latents.lowerBound, products.count)
          var best = scores.elements[row + group]
          let count = unsafe Kernels.table.appendAbove(
            end - begin, products.base + begin, block.bias.base + begin,
            block.limits.base + begin, best, UInt32(truncatingIfNeeded: latent), places.base,
            found.base, 0)
          for i in 0..<count where found[i] > best {
            best = found[i]
            scores.elements[row + group] = best
            indices.elements[row + group] = places[i]
          }
          begin = end
        }
      }
    }
  }

  func finish() -> SparseLatents {
    let (indices, scores) = (indices.elements, scores.elements)
    for token in 0..<tokens {
      let first = token * segments * groups
      for segment in 1..<max(1, segments) {
        for group in 0..<groups {
          let (target, source) = (first + group, first + segment * groups + group)
          let better =
            scores[source] > scores[target]
            || (scores[source] == scores[target] && indices[source] < indices[target])
          if better {
            scores[target] = scores[source]
            indices[target] = indices[source]
          }
        }
      }
    }
    var kept: [UInt32] = []
    var values: [Float] = []
    kept.reserveCapacity(tokens * groups)
    values.reserveCapacity(tokens * groups)
    for token in 0..<tokens {
      let first = token * segments * groups
      kept.append(indices[first..<first + groups].reading)
      values.append(scores[first..<first + groups].reading)
    }
    return SparseLatents(
      unchecked: groups * size, rowOffsets: (0...tokens).map { $0 * groups }, indices: kept,
      values: values)
  }
}
