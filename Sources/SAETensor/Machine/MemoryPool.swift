#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory that is used again: a training step needs the same few sizes again and again, and fresh memory
/// from the system costs one page fault per 4 KB.
enum MemoryPool {
  /// A block of memory nobody uses.
  @safe
  private struct Block: @unchecked Sendable {
    // Sendable because only one owner at a time can take it out of the pool.
    let base: UnsafeMutableRawPointer
    let bytes: Int
  }

  /// The blocks that nobody uses, the longest idle first.
  private struct Idle {
    var blocks: [Block] = []
    var bytes = 0

    /// Takes out the blocks at ascending indices.
    mutating func remove(_ indices: [Int]) -> [Block] {
      let taken = indices.map { blocks[$0] }
      for index in indices.reversed() { bytes -= blocks.remove(at: index).bytes }
      return taken
    }
  }

  private static let idle = Guarded(Idle())

  /// Blocks below this are left to the system's allocator.
  private static let leastBytes = 1 << 14
  /// Blocks below this stay when a larger one is needed.
  private static let leastOutgrown = 1 << 20
  /// The most that the pool keeps: the memory of a step besides parameters, gradients and moments. A
  /// larger pool would only keep memory that was needed before training.
  static let mostBytes = 40 << 20

  static let alignment = 64

  private static let largePage = 2 << 20
  /// Blocks below this would waste too much of their last page.
  static let leastLargePages = 8 << 20

  /// A block of at least `bytes` with arbitrary contents, and its size.
  static func take(_ bytes: Int) -> (base: UnsafeMutableRawPointer, bytes: Int) {
    if bytes >= leastBytes {
      let (found, outgrown) = idle.withLock { pool -> (Block?, [Block]) in
        // A block much larger than needed would be missing where all of it is needed.
        let fitting = pool.blocks.indices.filter {
          pool.blocks[$0].bytes >= bytes && pool.blocks[$0].bytes <= bytes + bytes / 4
        }
        if let best = fitting.min(by: { pool.blocks[$0].bytes < pool.blocks[$1].bytes }) {
          return (pool.remove([best]).first, [])
        }
        // A somewhat smaller block gives way to the new one, which serves for both: where sizes vary from
        // call to call, the pool would keep one of each.
        let outgrown = pool.blocks.indices.filter {
          bytes >= leastOutgrown && pool.blocks[$0].bytes < bytes
            && pool.blocks[$0].bytes >= bytes - bytes / 5
        }
        return (nil, pool.remove(outgrown))
      }
      for block in outgrown { release(block) }
      if let found { return unsafe (found.base, found.bytes) }
    }
    return unsafe allocate(max(bytes, alignment))
  }

  /// Fresh memory.
  ///
  /// Large blocks come from the system page by page: the C library's allocator, after it has had a few of
  /// them back, keeps the gaps between those in use. Blocks that are large enough lie on large pages:
  /// rows of a large matrix lie on different pages of 4 KB, and a product that walks down them waits for
  /// translations of their addresses.
  private static func allocate(_ bytes: Int) -> (base: UnsafeMutableRawPointer, bytes: Int) {
    #if os(Linux)
      if bytes >= leastMapped {
        let unit = bytes >= leastLargePages ? largePage : smallPages
        let size = (bytes + unit - 1) / unit * unit
        return unsafe (map(size, alignment: unit), size)
      }
    #endif
    return (.allocate(byteCount: bytes, alignment: alignment), bytes)
  }

  /// Gives a block back to the allocator that ``allocate(_:)`` had it from.
  private static func release(_ block: Block) {
    #if os(Linux)
      if block.bytes >= leastMapped {
        _ = unsafe munmap(block.base, block.bytes)
        return
      }
    #endif
    unsafe block.base.deallocate()
  }

  #if os(Linux)
    /// Blocks from here on are pages of the system's.
    private static let leastMapped = 1 << 20
    /// Their sizes are multiples of this, which is a multiple of every page size.
    private static let smallPages = 1 << 16

    /// Pages of whole units, the first at a multiple of one.
    private static func map(_ size: Int, alignment: Int) -> UnsafeMutableRawPointer {
      let length = size + alignment
      let mapped = unsafe mmap(
        nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
        fatalError("out of memory: no \(size) bytes for a matrix")
      }
      let base = unsafe mapped.alignedUp(toMultipleOf: alignment)
      let before = unsafe base - mapped
      if before > 0 { _ = unsafe munmap(mapped, before) }
      if before < alignment { _ = unsafe munmap(base + size, alignment - before) }
      // Only advice: without it the same memory comes in small pages.
      if alignment == largePage { _ = unsafe madvise(base, size, Int32(MADV_HUGEPAGE)) }
      return unsafe base
    }
  #endif

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
        while pool.bytes > mostBytes { surplus += pool.remove([0]) }
      }
    }
    for block in surplus { release(block) }
  }
}

/// Buffers for the length of a call.
package enum Workspace {
  /// Lends `count` floats with arbitrary contents.
  package static func borrow<Result>(
    _ count: Int, _ body: (MutableLent<Float>) throws -> Result
  ) rethrows -> Result {
    let storage = AlignedStorage(uninitialized: count)
    defer { withExtendedLifetime(storage) {} }
    return try body(storage.elements)
  }

  /// Lends room for `count` entries, with arbitrary contents.
  static func borrow(
    entries count: Int,
    _ body: (_ indices: MutableLent<UInt32>, _ values: MutableLent<Float>) -> Void
  ) {
    borrow(2 * count) { room in
      room.from(count).rebound(to: UInt32.self) { body($0, room[0..<count]) }
    }
  }
}
