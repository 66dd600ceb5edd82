#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory that comes back: a training step needs the same few sizes again and again, and memory that
/// the system has just handed out costs a page fault every 4 KB.
enum MemoryPool {
  /// A block of memory nobody uses.
  @safe
  private struct Block: @unchecked Sendable {
    // Sendable because only one owner at a time can take it out of the pool.
    let base: UnsafeMutableRawPointer
    let bytes: Int
  }

  private static let idle = Guarded<(blocks: [Block], bytes: Int)>(([], 0))

  /// Blocks below this are left to the system's allocator.
  private static let leastBytes = 1 << 14
  /// What the pool keeps at most.
  private static let mostBytes = 64 << 20

  static let alignment = 64

  private static let largePage = 2 << 20
  /// Blocks below this would waste too much of their last page.
  private static let leastLargePages = 8 << 20

  /// A block of at least `bytes` with arbitrary contents, and its size.
  static func take(_ bytes: Int) -> (base: UnsafeMutableRawPointer, bytes: Int) {
    if bytes >= leastBytes {
      let found: Block? = idle.withLock { pool in
        // A block much larger than needed would be missed by whoever needs all of it.
        let fitting = pool.blocks.indices.filter {
          pool.blocks[$0].bytes >= bytes && pool.blocks[$0].bytes <= bytes + bytes / 4
        }
        guard let best = fitting.min(by: { pool.blocks[$0].bytes < pool.blocks[$1].bytes }) else {
          return nil
        }
        pool.bytes -= pool.blocks[best].bytes
        return pool.blocks.remove(at: best)
      }
      if let found { return unsafe (found.base, found.bytes) }
    }
    return unsafe allocate(max(bytes, alignment))
  }

  /// Fresh memory, in large pages where there is enough of it: rows of a large matrix lie on different
  /// pages of 4 KB, and a product that walks down them waits for translations of their addresses.
  private static func allocate(_ bytes: Int) -> (base: UnsafeMutableRawPointer, bytes: Int) {
    #if os(Linux)
      if bytes >= leastLargePages {
        let size = (bytes + largePage - 1) / largePage * largePage
        let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: largePage)
        // Only advice: without it the same memory comes in small pages.
        _ = unsafe madvise(base, size, Int32(MADV_HUGEPAGE))
        return unsafe (base, size)
      }
    #endif
    return (.allocate(byteCount: bytes, alignment: alignment), bytes)
  }

  /// Takes a block back.
  static func give(_ base: UnsafeMutableRawPointer, bytes: Int) {
    var surplus: [Block] = []
    let returned = unsafe Block(base: base, bytes: bytes)
    if bytes < leastBytes || bytes > mostBytes {
      surplus.append(returned)
    } else {
      idle.withLock { pool in
        pool.blocks.append(returned)
        pool.bytes += bytes
        while pool.bytes > mostBytes {
          let oldest = pool.blocks.removeFirst()
          pool.bytes -= oldest.bytes
          surplus.append(oldest)
        }
      }
    }
    for block in surplus { unsafe block.base.deallocate() }
  }
}

/// Buffers for the length of a call.
package enum Workspace {
  /// Lends a buffer of at least `count` floats with arbitrary contents.
  package static func borrow<Result>(
    _ count: Int, _ body: (AlignedStorage) throws -> Result
  ) rethrows -> Result {
    try body(AlignedStorage(uninitialized: count))
  }
}
