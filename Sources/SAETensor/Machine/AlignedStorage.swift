/// Floats in memory that begins on a cache line, owned by one object.
///
/// Safe to share between threads: a writer has checked that it holds the only reference
/// (`isKnownUniquelyReferenced`), or lends disjoint rows to threads that end before it returns.
package final class AlignedStorage: Sendable {
  let elements: MutableLent<Float>
  var count: Int { elements.count }

  private let bytes: Int

  /// Room for `count` floats with arbitrary contents; the caller writes all of them.
  init(uninitialized count: Int) {
    let block = unsafe MemoryPool.take(count * MemoryLayout<Float>.stride)
    elements = unsafe MutableLent(
      block.base.bindMemory(to: Float.self, capacity: max(count, 1)), count: count)
    bytes = unsafe block.bytes
  }

  convenience init(repeating value: Float, count: Int) {
    self.init(uninitialized: count)
    elements.fill(value)
  }

  convenience init(copying other: AlignedStorage) {
    self.init(uninitialized: other.count)
    elements.copy(other.elements.reading)
  }

  deinit { unsafe MemoryPool.give(UnsafeMutableRawPointer(elements.base), bytes: bytes) }
}
