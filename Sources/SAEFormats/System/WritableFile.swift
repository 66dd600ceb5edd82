#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A new file, open for writing; closed when the value's life ends.
struct WritableFile: ~Copyable {
  /// The path that messages name.
  private let path: String
  /// The temporary name that it was made under.
  let name: String
  private let descriptor: Int32

  /// Creates a file under a temporary name; messages are to name `path`, as whose replacement it is
  /// written.
  init(
    toReplace name: String, in directory: DirectoryHandle, for path: String
  ) throws(FileError) {
    (self.name, descriptor) = try directory.createTemporary(for: name, path: path)
    self.path = path
  }

  deinit { _ = close(descriptor) }

  /// Writes all of the bytes at an offset; a gap between the end of the file and the offset becomes
  /// zeros.
  func write(_ bytes: RawSpan, at offset: Int) throws(FileError) {
    var written = 0
    while written < bytes.byteCount {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        guard SystemCall.permits(.write, path) else { return -1 }
        // 1 GiB at a time: some systems refuse, others shorten, longer writes.
        return unsafe pwrite(
          descriptor, buffer.baseAddress?.advanced(by: written),
          min(buffer.count - written, 1 << 30), off_t(offset + written))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemCall.error(path, "write")
      }
      written += count
    }
  }

  /// Writes the file's content into another file, from an offset there.
  func copy(to other: borrowing WritableFile, at begin: Int = 0) throws(FileError) {
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    var offset = 0
    while true {
      let count = unsafe pread(descriptor, &piece, piece.count, off_t(offset))
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemCall.error(path, "read")
      }
      guard count > 0 else { return }
      let span = piece.span
      try other.write(span.storedBytes.extracting(0..<count), at: begin + offset)
      offset += count
    }
  }

  /// Waits until everything written has reached the disk.
  func synchronize() throws(FileError) {
    try SystemCall.synchronize(descriptor, path)
  }
}
