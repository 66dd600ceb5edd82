import SAEKernels

/// Entries of sparse latents as the encoder's product brings them up: a list for each block of tokens
/// and segment, so that no two threads write the same one at a time.
@safe
final class EntryList: @unchecked Sendable {
  // Sendable because a block and segment are worked on by one thread at a time.
  private(set) var count = 0
  private var capacity = 0
  /// Entries that the last compaction left.
  private var kept = 0
  private(set) var tokens: UnsafeMutablePointer<UInt32>
  private(set) var latents: UnsafeMutablePointer<UInt32>
  private(set) var scores: UnsafeMutablePointer<Float>

  init() {
    unsafe tokens = .allocate(capacity: 1)
    unsafe latents = .allocate(capacity: 1)
    unsafe scores = .allocate(capacity: 1)
  }

  deinit {
    unsafe tokens.deallocate()
    unsafe latents.deallocate()
    unsafe scores.deallocate()
  }

  /// Appends the scores of a token that are above a threshold.
  func append(
    token: Int, _ latentRange: Range<Int>, _ values: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, scale: UnsafePointer<Float>, above threshold: Float
  ) {
    reserve(count + latentRange.count + 1)
    let length = unsafe Kernels.table.appendAbove(
      latentRange.count, values, bias + latentRange.lowerBound, scale + latentRange.lowerBound,
      threshold, UInt32(truncatingIfNeeded: latentRange.lowerBound), latents, scores, count)
    for entry in count..<length {
      unsafe tokens[entry] = UInt32(truncatingIfNeeded: token)
    }
    count = length
  }

  /// Drops what is not above a threshold, once that may halve the list.
  func compact(above threshold: Float) {
    guard count > 2 * kept + 4096 else { return }
    var length = 0
    for entry in 0..<count where unsafe scores[entry] > threshold {
      unsafe tokens[length] = tokens[entry]
      unsafe latents[length] = latents[entry]
      unsafe scores[length] = scores[entry]
      length += 1
    }
    count = length
    kept = length
  }

  private func reserve(_ needed: Int) {
    guard needed > capacity else { return }
    capacity = max(needed, capacity + capacity / 2)
    unsafe tokens = EntryList.grown(tokens, count, capacity)
    unsafe latents = EntryList.grown(latents, count, capacity)
    unsafe scores = EntryList.grown(scores, count, capacity)
  }

  private static func grown<Element: BitwiseCopyable>(
    _ old: UnsafeMutablePointer<Element>, _ count: Int, _ capacity: Int
  ) -> UnsafeMutablePointer<Element> {
    let new = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    unsafe new.update(from: old, count: count)
    unsafe old.deallocate()
    return unsafe new
  }
}

/// The lists of a whole batch.
struct EntryTable: Sendable {
  let tokens: Int
  let blockTokens: Int
  let segments: Int
  let lists: [EntryList]

  init(_ product: EncoderProduct) {
    tokens = product.tokens
    blockTokens = product.blockTokens
    segments = product.segments
    let blocks = (tokens + blockTokens - 1) / blockTokens
    lists = (0..<blocks * segments).map { _ in EntryList() }
  }

  func list(of range: Range<Int>, _ segment: Int) -> EntryList {
    lists[range.lowerBound / blockTokens * segments + segment]
  }

  /// The entries that are above the cut, token by token.
  func sparseLatents(latentCount: Int, cut: EntryCut) -> SparseLatents {
    let counts = keptCounts(cut)
    var offsets = [0]
    offsets.reserveCapacity(tokens + 1)
    for count in counts { offsets.append(offsets[offsets.count - 1] + count) }
    let total = offsets[tokens]
    var indices = [UInt32](repeating: 0, count: total)
    var values = [Float](repeating: 0, count: total)
    let rowOffsets = offsets
    unsafe indices.withUnsafeMutableBufferPointer { indices in
      unsafe values.withUnsafeMutableBufferPointer { values in
        guard let indexBase = indices.baseAddress, let valueBase = values.baseAddress else {
          return
        }
        let out = unsafe (SharedPointer(indexBase), SharedPointer(valueBase))
        Parallel.forRanges(lists.count / segments, grain: 1) { blocks, _ in
          for block in blocks {
            unsafe place(block, cut, rowOffsets, out.0.base, out.1.base)
          }
        }
      }
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: rowOffsets, indices: indices, values: values)
  }

  private func keptCounts(_ cut: EntryCut) -> [Int] {
    var counts = [Int](repeating: 0, count: tokens)
    unsafe counts.withUnsafeMutableBufferPointer { counts in
      guard let base = counts.baseAddress else { return }
      let out = unsafe SharedPointer(base)
      Parallel.forRanges(lists.count / segments, grain: 1) { blocks, _ in
        for index in blocks.lowerBound * segments..<blocks.upperBound * segments {
          let list = lists[index]
          for entry in 0..<list.count where cut.keeps(list, entry) {
            unsafe out.base[Int(list.tokens[entry])] += 1
          }
        }
      }
    }
    return counts
  }

  /// Writes the entries of a block's tokens. A list holds a token's entries by ascending latent, but
  /// the lists of several segments alternate.
  private func place(
    _ block: Int, _ cut: EntryCut, _ offsets: [Int], _ indices: UnsafeMutablePointer<UInt32>,
    _ values: UnsafeMutablePointer<Float>
  ) {
    let first = block * blockTokens
    let range = first..<min(first + blockTokens, tokens)
    var next = Array(offsets[range])
    for list in lists[block * segments..<(block + 1) * segments] {
      for entry in 0..<list.count where cut.keeps(list, entry) {
        let row = unsafe Int(list.tokens[entry]) - first
        unsafe indices[next[row]] = list.latents[entry]
        unsafe values[next[row]] = list.scores[entry]
        next[row] += 1
      }
    }
    guard segments > 1 else { return }
    for token in range {
      let entries = offsets[token]..<offsets[token + 1]
      let sorted = entries.map { entry in unsafe (indices[entry], values[entry]) }
        .sorted { $0.0 < $1.0 }
      for (entry, pair) in zip(entries, sorted) {
        unsafe indices[entry] = pair.0
        unsafe values[entry] = pair.1
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
    let found = unsafe list.scores[entry]
    guard found == score else { return found > score }
    let other = unsafe (list.tokens[entry], list.latents[entry])
    return other <= (token, latent)
  }
}
