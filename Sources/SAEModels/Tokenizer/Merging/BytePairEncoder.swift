/// The memory that byte-pair encoding needs for one thread: the symbols of a piece, and the ids of pieces that
/// came before.
struct BytePairEncoder: Sendable {
  /// The ids of the piece, after ``encode(_:_:_:)``.
  private(set) var ids: [UInt32] = []
  /// The bytes of each.
  private(set) var lengths: [Int] = []
  private var merges: [UInt64] = []
  private var next: [Int] = []
  private var previous: [Int] = []
  private var heap = MergeHeap()
  private var cache = PieceCache()

  /// Pieces of more symbols are merged with a heap.
  private static let fewSymbols = 48
  /// Longer pieces are not kept.
  private static let longestKept = 64

  /// Appends the ids of a piece.
  mutating func append(
    _ piece: Range<Int>, of bytes: [UInt8], _ model: borrowing BytePairModel,
    to result: inout [UInt32]
  ) {
    guard piece.count <= BytePairEncoder.longestKept else {
      encode(piece, of: bytes, model)
      result.append(contentsOf: ids)
      return
    }
    let hash = PieceCache.hash(bytes.span, piece)
    if cache.append(piece, of: bytes.span, hash, to: &result) { return }
    encode(piece, of: bytes, model)
    result.append(contentsOf: ids)
    cache.insert(piece, of: bytes, hash, ids)
  }

  /// Finds the ids of a piece, and their lengths.
  mutating func encode(_ piece: Range<Int>, of bytes: [UInt8], _ model: borrowing BytePairModel) {
    ids.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    if model.ignoresMerges, let id = model.wholeID(of: bytes[piece]) {
      ids.append(id)
      lengths.append(piece.count)
      return
    }
    if let letters = model.letterIDs {
      for index in piece {
        let id = letters[Int(bytes[index])]
        if id != BytePairModel.none {
          closeUnknown()
          ids.append(id)
          lengths.append(1)
        } else {
          appendUnknown(1, model)
        }
      }
      closeUnknown()
    } else {
      appendCharacters(piece, of: bytes, model)
    }
    if ids.count < 2 { return }
    if ids.count <= BytePairEncoder.fewSymbols {
      mergeFew(model.merges)
    } else {
      mergeMany(model.merges)
    }
  }

  /// An unknown character that has not been appended yet, because others may be fused with it.
  private var pendingUnknown: (id: UInt32, length: Int)?

  private mutating func appendUnknown(_ length: Int, _ model: borrowing BytePairModel) {
    guard let unknown = model.unknown else { return }
    if let pending = pendingUnknown, unknown.isFused {
      pendingUnknown = (unknown.id, pending.length + length)
    } else {
      closeUnknown()
      pendingUnknown = (unknown.id, length)
    }
  }

  private mutating func closeUnknown() {
    guard let pending = pendingUnknown else { return }
    ids.append(pending.id)
    lengths.append(pending.length)
    pendingUnknown = nil
  }

  private mutating func appendCharacters(
    _ piece: Range<Int>, of bytes: [UInt8], _ model: borrowing BytePairModel
  ) {
    var position = piece.lowerBound
    while position < piece.upperBound {
      let length = UTF8Scalar.length(bytes[position])
      let character = bytes[position..<position + length]
      position += length
      if let id = model.id(of: character) {
        closeUnknown()
        ids.append(id)
        lengths.append(length)
        continue
      }
      if let fallback = model.fallback {
        let found = character.compactMap { fallback[Int($0)] }
        if found.count == length {
          ids.append(contentsOf: found)
          lengths.append(contentsOf: repeatElement(1, count: length))
          continue
        }
      }
      appendUnknown(length, model)
    }
    closeUnknown()
  }

  /// Merges by looking through all pairs for the first in rank.
  private mutating func mergeFew(_ table: borrowing MergeTable) {
    var count = ids.count
    merges.removeAll(keepingCapacity: true)
    for index in 1..<count { merges.append(table.merge(ids[index - 1], ids[index])) }
    while count > 1 {
      var best = MergeTable.noMerge
      var place = 0
      // The rank is in the upper half, and of two of one rank the first counts.
      for index in 0..<count &- 1 where merges[index] < best {
        best = merges[index]
        place = index
      }
      guard best != MergeTable.noMerge else { break }
      ids[place] = UInt32(truncatingIfNeeded: best)
      lengths[place] += lengths[place + 1]
      count -= 1
      for index in place + 1..<max(count, place + 1) {
        ids[index] = ids[index + 1]
        lengths[index] = lengths[index + 1]
      }
      for index in place..<max(count - 1, place) { merges[index] = merges[index + 1] }
      if place > 0 { merges[place - 1] = table.merge(ids[place - 1], ids[place]) }
      if place < count - 1 { merges[place] = table.merge(ids[place], ids[place + 1]) }
    }
    ids.removeLast(ids.count - count)
    lengths.removeLast(lengths.count - count)
  }

  /// Merges with a heap of the pairs, in time n log n.
  private mutating func mergeMany(_ table: borrowing MergeTable) {
    let count = ids.count
    next = Array(1...count)
    previous = Array(-1..<count - 1)
    merges.removeAll(keepingCapacity: true)
    heap.removeAll()
    for index in 0..<count {
      let merge =
        index + 1 < count ? table.merge(ids[index], ids[index + 1]) : MergeTable.noMerge
      merges.append(merge)
      if merge != MergeTable.noMerge { heap.push(MergeHeap.Entry(merge: merge, place: index)) }
    }
    while let entry = heap.pop() {
      let place = entry.place
      // The pair may have been merged since, or one of its halves.
      guard merges[place] == entry.merge else { continue }
      let right = next[place]
      ids[place] = UInt32(truncatingIfNeeded: entry.merge)
      lengths[place] += lengths[right]
      lengths[right] = 0
      merges[right] = MergeTable.noMerge
      next[place] = next[right]
      if next[place] < count { previous[next[place]] = place }
      update(place, table, count)
      if previous[place] >= 0 { update(previous[place], table, count) }
    }
    var kept = 0
    var index = 0
    while index < count {
      ids[kept] = ids[index]
      lengths[kept] = lengths[index]
      kept += 1
      index = next[index]
    }
    ids.removeLast(count - kept)
    lengths.removeLast(count - kept)
  }

  private mutating func update(_ place: Int, _ table: borrowing MergeTable, _ count: Int) {
    let right = next[place]
    let merge = right < count ? table.merge(ids[place], ids[right]) : MergeTable.noMerge
    merges[place] = merge
    if merge != MergeTable.noMerge { heap.push(MergeHeap.Entry(merge: merge, place: place)) }
  }
}
