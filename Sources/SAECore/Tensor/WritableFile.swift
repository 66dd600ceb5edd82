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
  private let descriptor: Int32

  /// Creates a file that must not exist yet; messages are to name `path`, as whose replacement it
  /// is written.
  init(creating temporary: String, for path: String) throws(TensorFileError) {
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw SystemCall.error(path, "create") }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { _ = close(descriptor) }

  /// Writes all of the bytes at an offset; what lies between it and the end becomes zeros.
  func write(_ bytes: RawSpan, at offset: Int) throws(TensorFileError) {
    var written = 0
    while written < bytes.byteCount {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        // 1 GiB at a time: some systems refuse, others shorten, longer writes.
        unsafe pwrite(
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

  /// Waits until everything written has reached the disk.
  func synchronize() throws(TensorFileError) {
    try SystemCall.synchronize(descriptor, path)
  }
}
