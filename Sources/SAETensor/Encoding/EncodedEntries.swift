import SAEKernels

/// Entries of sparse latents as the encoder's product brings them up.
struct EntryList {
  private(set) var count = 0
  /// Entries that the last compaction left.
  private var kept = 0
  // Longer than the list, so that a kernel can write after its end.
  private(set) var tokens: [UInt32] = []
  private(set) var latents: [UInt32] = []
  private(set) var scores: [Float] = []

  /// Appends the scores of a token that are above a threshold.
  ///
  /// - Parameter block: the products are a row of it.
  mutating func append(
    token: Int, _ products: Lent<Float>, of block: ProductBlock, above threshold: Float
  ) {
    reserve(count + products.count + 1)
    let begin = count
    count = latents.lendMutable { latents in
      scores.lendMutable { scores in
        unsafe Kernels.table.appendAbove(
          products.count, products.base, block.bias.base, block.limits.base, threshold,
          block.firstIndex, latents.base, scores.base, begin)
      }
    }
    for entry in begin..<count { tokens[entry] = UInt32(truncatingIfNeeded: token) }
  }

  /// Drops entries that are not above a threshold, once that may halve the list.
  mutating func compact(above threshold: Float) {
    guard count > 2 * kept + 4096 else { return }
    var length = 0
    for entry in 0..<count where scores[entry] > threshold {
      tokens[length] = tokens[entry]
      latents[length] = latents[entry]
      scores[length] = scores[entry]
      length += 1
    }
    count = length
    kept = length
  }

  private mutating func reserve(_ needed: Int) {
    let capacity = scores.count
    guard needed > capacity else { return }
    let added = max(needed, capacity + capacity / 2) - capacity
    tokens.append(contentsOf: repeatElement(0, count: added))
    latents.append(contentsOf: repeatElement(0, count: added))
    scores.append(contentsOf: repeatElement(0, count: added))
  }
}

/// The entries of a whole batch: a list for each block of tokens and segment, so that no two threads
/// write the same one at a time.
struct EntryTable: Sendable {
  let tokens: Int
  let latents: Int
  let blockTokens: Int
  let segments: Int
  private let blocks: Int
  private let shared: SharedBuffer<EntryList>

  init(_ product: EncoderProduct) {
    tokens = product.tokens
    latents = product.latents
    blockTokens = product.blockTokens
    segments = product.segments
    blocks = (tokens + blockTokens - 1) / blockTokens
    shared = SharedBuffer(count: blocks * segments) { _ in EntryList() }
  }

  /// A block's list for each segment, block after block.
  var lists: MutableLent<EntryList> { shared.elements }

  /// Which list the entries of some tokens are in.
  func list(of range: Range<Int>, _ segment: Int) -> Int {
    range.lowerBound / blockTokens * segments + segment
  }

  /// The entries that are above the cut, token by token.
  func sparseLatents(cut: EntryCut) -> SparseLatents {
    let counts = keptCounts(cut)
    var offsets = [0]
    offsets.reserveCapacity(tokens + 1)
    for count in counts { offsets.append(offsets[offsets.count - 1] + count) }
    let (total, rowOffsets) = (offsets[tokens], offsets)
    var values: [Float] = []
    let indices = [UInt32](filling: total) { indices in
      values = [Float](filling: total) { values in
        Parallel.forEach(blocks) { place($0, cut, rowOffsets, indices, values) }
      }
    }
    return SparseLatents(
      unchecked: latents, rowOffsets: rowOffsets, indices: indices, values: values)
  }

  private func keptCounts(_ cut: EntryCut) -> [Int] {
    var counts = [Int](repeating: 0, count: tokens)
    counts.lendMutable { counts in
      Parallel.forEach(blocks) { block in
        for index in block * segments..<(block + 1) * segments {
          let list = lists[index]
          for entry in 0..<list.count where cut.keeps(list, entry) {
            counts[Int(list.tokens[entry])] += 1
          }
        }
      }
    }
    return counts
  }

  /// Writes the entries of a block's tokens. A list holds a token's entries by ascending latent, but
  /// the lists of several segments alternate.
  private func place(
    _ block: Int, _ cut: EntryCut, _ offsets: [Int], _ indices: MutableLent<UInt32>,
    _ values: MutableLent<Float>
  ) {
    let first = block * blockTokens
    let range = first..<min(first + blockTokens, tokens)
    var next = Array(offsets[range])
    for index in block * segments..<(block + 1) * segments {
      let list = lists[index]
      for entry in 0..<list.count where cut.keeps(list, entry) {
        let row = Int(list.tokens[entry]) - first
        indices[next[row]] = list.latents[entry]
        values[next[row]] = list.scores[entry]
        next[row] += 1
      }
    }
    guard segments > 1 else { return }
    for token in range {
      let entries = offsets[token]..<offsets[token + 1]
      let sorted = entries.map { (indices[$0], values[$0]) }.sorted { $0.0 < $1.0 }
      for (entry, pair) in zip(entries, sorted) {
        indices[entry] = pair.0
        values[entry] = pair.1
      }
    }
  }
}

/// The last entry that is kept of a batch, by falling score and, among equal ones, by token and
/// latent.
struct EntryCut: Sendable {
  let score: Float
  package let token: UInt32
  let latent: UInt32

  func keeps(_ list: EntryList, _ entry: Int) -> Bool {
    let found = list.scores[entry]
    guard found == score else { return found > score }
    return (list.tokens[entry], list.latents[entry]) <= (token, latent)
  }
}
