import Dispatch
import Synchronization

/// The one place that knows about Dispatch.
package enum Parallel {
  /// Calls `body` once for each index below `count`, on up to ``Threads/count`` threads, and returns
  /// when all calls have.
  ///
  /// Threads take the next index when they are done with the last, so that one that is held up
  /// does less. `body` also gets the number of its thread, below the number of threads, for
  /// workspaces that no two calls at a time may use.
  package static func forEach(
    _ count: Int, _ body: @Sendable (_ index: Int, _ worker: Int) -> Void
  ) {
    let workers = min(Threads.count, count)
    guard workers > 1 else {
      for index in 0..<count { body(index, 0) }
      return
    }
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index, worker)
      }
    }
  }

  /// Splits 0 ..< count into consecutive ranges of `grain` (the last may be shorter) and calls
  /// `body` with each.
  package static func forRanges(
    _ count: Int, grain: Int, _ body: @Sendable (_ range: Range<Int>, _ worker: Int) -> Void
  ) {
    let grain = max(1, grain)
    forEach((count + grain - 1) / grain) { index, worker in
      body(index * grain..<min((index + 1) * grain, count), worker)
    }
  }

  /// A grain that gives every thread several ranges to take, none smaller than `least` and all but
  /// the last a multiple of it.
  package static func grain(_ count: Int, least: Int) -> Int {
    let pieces = Threads.count * 8
    let share = (count + pieces - 1) / pieces
    return max(1, (share + least - 1) / least) * least
  }
}
