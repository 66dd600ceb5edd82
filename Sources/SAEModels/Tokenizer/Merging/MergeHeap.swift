/// Pairs that may be merged, the first in rank and then in place on top.
struct MergeHeap: Sendable {
  struct Entry: Sendable {
    let merge: UInt64
    let place: Int

    static func < (a: Entry, b: Entry) -> Bool {
      a.merge < b.merge || a.merge == b.merge && a.place < b.place
    }
  }

  private var entries: [Entry] = []

  mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  mutating func push(_ entry: Entry) {
    entries.append(entry)
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child] < entries[parent] else { return }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  mutating func pop() -> Entry? {
    guard let top = entries.first, let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return top }
    entries[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < entries.count else { return top }
      if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
      guard entries[child] < entries[parent] else { return top }
      entries.swapAt(child, parent)
      parent = child
    }
  }
}
