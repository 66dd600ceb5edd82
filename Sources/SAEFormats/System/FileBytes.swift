#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The bytes of a file, mapped into memory and read from the disk as they are looked at; or bytes
/// that are in memory already.
///
/// A mapped file must not be made shorter while it is in use: reading the part that went missing ends the
/// process, as with every memory mapping. Files replaced by renaming are safe.
///
/// Safe to share between threads: nothing changes after initialization.
@safe
public final class FileBytes: @unchecked Sendable {
  /// The path it was opened by, or the name given to bytes in memory.
  public let name: String
  /// The file's size in bytes.
  public let count: Int
  private let base: UnsafeRawPointer?
  private let isMapped: Bool

  /// Maps a file.
  ///
  /// - Throws: ``FileError`` if it cannot be opened or is not a regular file.
  public init(mapping path: String) throws(FileError) {
    // Without O_NONBLOCK, opening a named pipe waits for a writer that may never come.
    let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemCall.error(path, "open") }
    defer { _ = close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw SystemCall.error(path, "examine") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(file: path) }
    name = path
    count = Int(status.st_size)
    guard count > 0 else {
      unsafe base = nil
      isMapped = false
      return
    }
    let address = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw SystemCall.error(path, "map")
    }
    unsafe base = UnsafeRawPointer(address)
    isMapped = true
  }

  /// Takes a copy of bytes in memory for those of a file called `name`.
  public init(_ bytes: [UInt8], name: String) {
    self.name = name
    count = bytes.count
    isMapped = false
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 64)
    unsafe copy.copyBytes(from: bytes)
    unsafe base = UnsafeRawPointer(copy.baseAddress)
  }

  deinit {
    guard let base = unsafe base else { return }
    if isMapped {
      _ = unsafe munmap(UnsafeMutableRawPointer(mutating: base), count)
    } else {
      unsafe base.deallocate()
    }
  }

  /// All bytes, without a copy.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base, count: count))
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Tells the system that a part of the file is not needed soon, so that its pages do not count
  /// as this process's memory. Looking at them later reads them again.
  public func release(_ range: Range<Int>) {
    guard isMapped, let base = unsafe base else { return }
    let range = range.clamped(to: 0..<count)
    guard !range.isEmpty else { return }
    let around = UInt(FileBytes.mappedAround)
    let start = UInt(bitPattern: base)
    let first = max(start, (start + UInt(range.lowerBound)) / around * around)
    let last = start + UInt(range.upperBound) - 1
    let end = min(start + UInt(count), (last / around + 1) * around)
    _ = unsafe madvise(
      UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_DONTNEED)
  }

  /// Reading a byte maps the bytes around it that are in the system's cache: on Linux 64 KB, from an
  /// address that is a multiple of 64 KB, and of every page size in use.
  private static let mappedAround = 1 << 16
}
