import Synchronization

/// Buffers that come back: packing and selection need the same few sizes at every call.
package enum Workspace {
  private static let idle = Mutex<[AlignedStorage]>([])

  /// How many buffers wait for the next call at most.
  private static let kept = 16

  /// Lends a buffer of at least `count` floats with arbitrary contents.
  package static func borrow<Result>(
    _ count: Int, _ body: (AlignedStorage) throws -> Result
  ) rethrows -> Result {
    let buffer = take(count)
    defer { give(buffer) }
    return try body(buffer)
  }

  private static func take(_ count: Int) -> AlignedStorage {
    let found: AlignedStorage? = idle.withLock { buffers in
      // The smallest that is large enough, so that a small call does not keep a large one busy.
      let fitting = buffers.indices.filter { buffers[$0].count >= count }
      return fitting.min { buffers[$0].count < buffers[$1].count }.map { buffers.remove(at: $0) }
    }
    return found ?? AlignedStorage(uninitialized: count)
  }

  private static func give(_ buffer: AlignedStorage) {
    idle.withLock { buffers in
      buffers.append(buffer)
      if buffers.count > kept { buffers.removeFirst() }
    }
  }
}
