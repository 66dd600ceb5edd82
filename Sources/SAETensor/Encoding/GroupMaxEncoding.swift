import SAEKernels

extension SparseLatents {
  /// The largest positive score of each group of latents, without a matrix of tokens × latents.
  ///
  /// Group g has latents g · size ..< (g + 1) · size. Scores, and what their arguments are, as for
  /// ``largestScores(k:of:encoder:bias:scale:candidacy:)``.
  ///
  /// - Returns: one entry a group; ties go to the lower index. A group without a positive score has
  ///   its first latent, at 0.
  /// - Precondition: the latents fill the groups.
  package static func largestScoresOfGroups(
    groups: Int, of activations: Matrix, encoder: Matrix, bias: [Float], scale: [Float]
  ) -> SparseLatents {
    precondition(
      activations.columns == encoder.columns && bias.count == encoder.rows
        && scale.count == encoder.rows,
      "cannot encode \(activations.shape) with \(encoder.shape), \(bias.count) biases and "
        + "\(scale.count) scales")
    precondition(
      groups > 0 && encoder.rows % groups == 0,
      "\(encoder.rows) latents do not fill \(groups) groups")
    let product = EncoderProduct(
      kernels: Kernels.table, tokens: activations.rows, latents: encoder.rows,
      width: activations.columns)
    let table = GroupTable(
      tokens: activations.rows, segments: product.segments, groups: groups,
      size: encoder.rows / groups)
    unsafe bias.withUnsafeBufferPointer { bias in
      unsafe scale.withUnsafeBufferPointer { scale in
        guard let biasBase = bias.baseAddress, let scaleBase = scale.baseAddress else { return }
        let parameters = unsafe (SharedConstant(biasBase), SharedConstant(scaleBase))
        unsafe product.run(
          activations: activations.view.operand, encoder: encoder.view.operand
        ) { tokens, latents, segment, block, stride in
          for token in tokens {
            unsafe table.update(
              token, segment, latents, block + (token - tokens.lowerBound) * stride,
              bias: parameters.0.base, scale: parameters.1.base)
          }
        }
      }
    }
    withExtendedLifetime((activations, encoder)) {}
    return table.finish()
  }
}

/// The largest score of each token's groups so far.
///
/// Sendable because a token and segment are worked on by one thread at a time.
@safe
private final class GroupTable: @unchecked Sendable {
  let tokens: Int
  let segments: Int
  let groups: Int
  let size: Int
  let indices: UnsafeMutablePointer<UInt32>
  let scores: UnsafeMutablePointer<Float>

  init(tokens: Int, segments: Int, groups: Int, size: Int) {
    self.tokens = tokens
    self.segments = segments
    self.groups = groups
    self.size = size
    let count = tokens * segments * groups
    unsafe indices = .allocate(capacity: max(1, count))
    unsafe scores = .allocate(capacity: max(1, count))
    unsafe scores.initialize(repeating: 0, count: count)
    for entry in 0..<count {
      unsafe (indices + entry).initialize(to: UInt32(truncatingIfNeeded: entry % groups * size))
    }
  }

  deinit {
    unsafe indices.deallocate()
    unsafe scores.deallocate()
  }

  func update(
    _ token: Int, _ segment: Int, _ latents: Range<Int>, _ values: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, scale: UnsafePointer<Float>
  ) {
    let row = (token * segments + segment) * groups
    let room = latents.count + 1
    Workspace.borrow(2 * room) { scratch in
      let found = unsafe scratch.base
      unsafe (found + room).withMemoryRebound(to: UInt32.self, capacity: room) { places in
        var begin = latents.lowerBound
        while begin < latents.upperBound {
          let group = begin / size
          let end = min((group + 1) * size, latents.upperBound)
          var best = unsafe scores[row + group]
          let count = unsafe Kernels.table.appendAbove(
            end - begin, values + (begin - latents.lowerBound), bias + begin, scale + begin, best,
            UInt32(truncatingIfNeeded: begin), places, found, 0)
          for i in 0..<count where unsafe found[i] > best {
            best = unsafe found[i]
            unsafe scores[row + group] = best
            unsafe indices[row + group] = places[i]
          }
          begin = end
        }
      }
    }
  }

  func finish() -> SparseLatents {
    for token in 0..<tokens {
      let first = token * segments * groups
      for segment in 1..<max(1, segments) {
        for group in 0..<groups {
          let (target, source) = (first + group, first + segment * groups + group)
          let better =
            unsafe scores[source] > scores[target]
            || (scores[source] == scores[target] && indices[source] < indices[target])
          if better {
            unsafe scores[target] = scores[source]
            unsafe indices[target] = indices[source]
          }
        }
      }
    }
    var kept: [UInt32] = []
    var values: [Float] = []
    kept.reserveCapacity(tokens * groups)
    values.reserveCapacity(tokens * groups)
    for token in 0..<tokens {
      for group in 0..<groups {
        unsafe kept.append(indices[token * segments * groups + group])
        unsafe values.append(scores[token * segments * groups + group])
      }
    }
    return SparseLatents(
      unchecked: groups * size, rowOffsets: (0...tokens).map { $0 * groups }, indices: kept,
      values: values)
  }
}
