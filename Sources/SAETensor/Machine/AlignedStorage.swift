/// Floats in memory that begins on a cache line, owned by one object.
///
/// Safe to share between threads: whoever writes has checked that it holds the only reference
/// (`isKnownUniquelyReferenced`), or lends disjoint rows to threads that end before it returns.
@safe
package final class AlignedStorage: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Float>
  package let count: Int

  private let bytes: Int

  /// Room for `count` floats with arbitrary contents; the caller writes all of them.
  init(uninitialized count: Int) {
    let block = unsafe MemoryPool.take(count * MemoryLayout<Float>.stride)
    unsafe base = block.base.bindMemory(to: Float.self, capacity: max(count, 1))
    bytes = unsafe block.bytes
    self.count = count
  }

  convenience init(repeating value: Float, count: Int) {
    self.init(uninitialized: count)
    unsafe base.update(repeating: value, count: count)
  }

  convenience init(copying other: AlignedStorage) {
    self.init(uninitialized: other.count)
    unsafe base.update(from: other.base, count: other.count)
  }

  deinit { unsafe MemoryPool.give(UnsafeMutableRawPointer(base), bytes: bytes) }
}
