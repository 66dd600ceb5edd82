/// The ids of pieces that came before: most words of a text are among a few thousand.
struct PieceCache: Sendable {
  private struct Entry: Sendable {
    var hash: UInt64 = 0
    var begin: UInt32 = 0
    var firstID: UInt32 = 0
    var count: UInt16 = 0
    /// 0 where there is none.
    var idCount: UInt16 = 0
  }

  private var entries = [Entry](repeating: Entry(), count: 1 << 16)
  private var bytes: [UInt8] = []
  private var ids: [UInt32] = []
  private var count = 0

  @inline(__always)
  static func hash(_ bytes: Span<UInt8>, _ piece: Range<Int>) -> UInt64 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    for index in piece { hash = (hash ^ UInt64(bytes[index])) &* 0x2127_599B_F432_5C37 &+ 1 }
    return hash ^ hash &>> 32
  }

  /// Appends the ids of a piece if they are known.
  @inline(__always)
  func append(
    _ piece: Range<Int>, of text: Span<UInt8>, _ hash: UInt64, to result: inout [UInt32]
  ) -> Bool {
    let entries = entries.span
    let bytes = bytes.span
    var slot = Int(truncatingIfNeeded: hash) & (entries.count &- 1)
    search: while true {
      let entry = entries[slot]
      guard entry.idCount != 0 else { return false }
      slot = (slot &+ 1) & (entries.count &- 1)
      guard entry.hash == hash, Int(entry.count) == piece.count else { continue }
      var index = Int(entry.begin)
      for place in piece {
        guard text[place] == bytes[index] else { continue search }
        index &+= 1
      }
      let first = Int(entry.firstID)
      let ids = ids.span
      for place in first..<first &+ Int(entry.idCount) { result.append(ids[place]) }
      return true
    }
  }

  /// Keeps the ids of a piece. When there is no room, all that is kept is dropped.
  mutating func insert(_ piece: Range<Int>, of text: [UInt8], _ hash: UInt64, _ found: [UInt32]) {
    guard !found.isEmpty, found.count <= UInt16.max else { return }
    if 2 * count >= entries.count {
      entries = [Entry](repeating: Entry(), count: entries.count)
      bytes.removeAll(keepingCapacity: true)
      ids.removeAll(keepingCapacity: true)
      count = 0
    }
    var slot = Int(truncatingIfNeeded: hash) & (entries.count - 1)
    while entries[slot].idCount != 0 { slot = (slot + 1) & (entries.count - 1) }
    entries[slot] = Entry(
      hash: hash, begin: UInt32(bytes.count), firstID: UInt32(ids.count),
      count: UInt16(piece.count), idCount: UInt16(found.count))
    bytes.append(contentsOf: text[piece])
    ids.append(contentsOf: found)
    count += 1
  }
}
