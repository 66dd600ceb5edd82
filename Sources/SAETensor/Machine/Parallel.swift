import Dispatch
import Synchronization

/// The only type that uses Dispatch.
package enum Parallel {
  /// Calls `body` once for each index below `count`, on up to ``Threads/count`` threads, and returns
  /// when all calls have.
  ///
  /// A thread takes the next index when it has finished one, so that a thread that is held up does less.
  package static func forEach(_ count: Int, _ body: @Sendable (_ index: Int) -> Void) {
    let workers = min(Threads.count, count)
    guard workers > 1 else {
      for index in 0..<count { body(index) }
      return
    }
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index)
      }
    }
  }

  /// The same, a thread taking at least `least` neighbors at a time.
  @inline(__always)
  package static func forEach(
    _ count: Int, least: Int, _ body: @Sendable (_ index: Int) -> Void
  ) {
    forRanges(count, least: least) { range in
      for index in range { body(index) }
    }
  }

  /// Splits 0 ..< count into consecutive ranges of `grain` (the last may be shorter) and calls
  /// `body` with each.
  package static func forRanges(
    _ count: Int, grain: Int, _ body: @Sendable (_ range: Range<Int>) -> Void
  ) {
    let grain = max(1, grain)
    forEach((count + grain - 1) / grain) { index in
      body(index * grain..<min((index + 1) * grain, count))
    }
  }

  /// The same with ranges that give every thread several to take, none but the last smaller than
  /// `least` and all but the last a multiple of it.
  package static func forRanges(
    _ count: Int, least: Int, _ body: @Sendable (_ range: Range<Int>) -> Void
  ) {
    let pieces = Threads.count * 8
    let share = (count + pieces - 1) / pieces
    forRanges(count, grain: max(1, (share + least - 1) / least) * least, body)
  }

  /// The results of `body` for each index below `count`, computed by several threads.
  package static func map<Element: Sendable>(
    _ count: Int, _ body: @Sendable (_ index: Int) -> Element
  ) -> [Element] {
    unsafe [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      let target = unsafe MutableLent(buffer)
      forEach(count) { index in unsafe (target.base + index).initialize(to: body(index)) }
      initialized = count
    }
  }
}
