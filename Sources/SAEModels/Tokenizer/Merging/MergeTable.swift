/// Which pairs of ids become one, and in what order.
struct MergeTable: Sendable {
  private struct Entry: Sendable {
    var pair: UInt64
    var merge: UInt64
  }

  private var entries: [Entry]
  private let shift: UInt64

  /// No pair has this.
  private static let none = UInt64.max
  /// The merge of a pair that has none; it comes after all others.
  static let noMerge = UInt64.max

  /// - Parameter count: of merges that there will be, at most.
  init(count: Int) {
    var bits = 4
    while 1 << bits < 2 * count + 2 { bits += 1 }
    entries = [Entry](
      repeating: Entry(pair: MergeTable.none, merge: MergeTable.noMerge), count: 1 << bits)
    shift = UInt64(64 - bits)
  }

  /// Adds a merge. Of two of the same pair the later counts.
  mutating func insert(_ left: UInt32, _ right: UInt32, rank: UInt32, result: UInt32) {
    let pair = UInt64(left) << 32 | UInt64(right)
    var slot = slot(pair)
    while entries[slot].pair != MergeTable.none, entries[slot].pair != pair {
      slot = (slot + 1) & (entries.count - 1)
    }
    entries[slot] = Entry(pair: pair, merge: UInt64(rank) << 32 | UInt64(result))
  }

  @inline(__always)
  private func slot(_ pair: UInt64) -> Int {
    Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) &>> shift)
  }

  /// The rank of a pair's merge in the upper half and the id that results in the lower.
  @inline(__always)
  func merge(_ left: UInt32, _ right: UInt32) -> UInt64 {
    let pair = UInt64(left) << 32 | UInt64(right)
    let entries = entries.span
    var slot = slot(pair)
    while true {
      let entry = entries[slot]
      if entry.pair == pair { return entry.merge }
      if entry.pair == MergeTable.none { return MergeTable.noMerge }
      slot = (slot &+ 1) & (entries.count &- 1)
    }
  }
}
