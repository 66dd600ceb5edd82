import SAEKernels

extension SparseLatents {
  /// The pre-activations of each token above a threshold for each latent, without a matrix of
  /// tokens × latents.
  ///
  /// - Parameters:
  ///   - activations: tokens × width.
  ///   - encoder: latents × width.
  ///   - bias: one per latent.
  ///   - thresholds: one per latent; ∞ keeps a latent out.
  /// - Returns: the entries with ⟨activations, encoder row⟩ + bias > threshold. Values are these
  ///   sums, whatever the threshold.
  package static func aboveThreshold(
    of activations: Matrix, encoder: Matrix, bias: [Float], thresholds: [Float]
  ) -> SparseLatents {
    EncoderProduct.encode(activations, by: encoder, bias: bias, limits: thresholds) {
      ThresholdCollector($0)
    }
  }
}

/// The entries of all tokens of a batch so far: a growing list for each token and segment.
private struct ThresholdCollector: EntryCollector {
  struct List {
    var indices: [UInt32] = []
    var values: [Float] = []
  }

  let tokens: Int
  let segments: Int
  let latents: Int
  private let lists: SharedBuffer<List>

  init(_ product: EncoderProduct) {
    tokens = product.tokens
    segments = product.segments
    latents = product.latents
    lists = SharedBuffer(count: tokens * segments) { _ in List() }
  }

  func collect(_ block: ProductBlock) {
    Workspace.borrow(entries: block.latents.count + 1) { indices, values in
      block.forEachToken { token, products in
        let added = unsafe Kernels.table.appendAboveThresholds(
          products.count, products.base, block.bias.base, block.limits.base, block.firstIndex,
          indices.base, values.base, 0)
        guard added > 0 else { return }
        lists.elements[token * segments + block.segment].append(
          indices[0..<added].reading, values[0..<added].reading, seen: block.latents.upperBound,
          of: latents)
      }
    }
  }

  /// All entries, and the memory of the lists given back on the way.
  func finish() -> SparseLatents {
    var offsets = [0]
    offsets.reserveCapacity(tokens + 1)
    for token in 0..<tokens {
      let count = (0..<segments).reduce(0) {
        $0 + lists.elements[token * segments + $1].values.count
      }
      offsets.append(offsets[token] + count)
    }
    let (total, starts) = (offsets[tokens], offsets)
    var values: [Float] = []
    let indices = [UInt32](filling: total) { indices in
      values = [Float](filling: total) { values in
        Parallel.forEach(tokens, least: 64) { token in
          move(token, to: indices.from(starts[token]), values.from(starts[token]))
        }
      }
    }
    return SparseLatents(
      unchecked: latents, rowOffsets: offsets, indices: indices, values: values)
  }

  /// Moves a token's entries out, indices ascending.
  private func move(_ token: Int, to indices: MutableLent<UInt32>, _ values: MutableLent<Float>) {
    if segments == 1 {
      lists.elements[token].indices.lend { indices.copy($0) }
      lists.elements[token].values.lend { values.copy($0) }
      lists.elements[token] = List()
      return
    }
    var merged: [(index: UInt32, value: Float)] = []
    for segment in 0..<segments {
      let list = lists.elements[token * segments + segment]
      merged += zip(list.indices, list.values).map { (index: $0, value: $1) }
    }
    merged.sort { $0.index < $1.index }
    for (position, entry) in merged.enumerated() {
      indices[position] = entry.index
      values[position] = entry.value
    }
  }
}

extension ThresholdCollector.List {
  /// Appends entries, and makes room for those to be expected of the latents to come.
  ///
  /// The room follows the number found among the `seen` latents instead of doubling: lists of dense
  /// latents are the largest thing in memory.
  mutating func append(
    _ newIndices: Lent<UInt32>, _ newValues: Lent<Float>, seen: Int, of latents: Int
  ) {
    let needed = values.count + newValues.count
    if needed > min(indices.capacity, values.capacity) {
      let expected = Int(1.125 * Double(needed) / Double(seen) * Double(latents))
      let capacity = min(max(needed + 16, expected + 16), max(needed, latents))
      indices.reserveCapacity(capacity)
      values.reserveCapacity(capacity)
    }
    indices.append(newIndices)
    values.append(newValues)
  }
}
