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

/// What is needed of directories and names.
extension SystemCall {
  fileprivate static func synchronize(_ descriptor: Int32, _ path: String) throws(TensorFileError) {
    #if canImport(Darwin)
      // There `fsync` leaves the data in the drive's own cache.
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
    #endif
    guard fsync(descriptor) == 0 else { throw error(path, "synchronize") }
  }

  /// Waits until the names in a directory have reached the disk.
  static func synchronizeDirectory(_ path: String) throws(TensorFileError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw error(path, "open") }
    defer { _ = close(descriptor) }
    do {
      try synchronize(descriptor, path)
    } catch {
      // Some file systems cannot synchronise a directory and say so with this code.
      if errno != EINVAL { throw error }
    }
  }

  static func rename(_ old: String, to new: String) throws(TensorFileError) {
    #if canImport(Darwin)
      let result = unsafe Darwin.rename(old, new)
    #elseif canImport(Glibc)
      let result = unsafe Glibc.rename(old, new)
    #else
      let result = unsafe Musl.rename(old, new)
    #endif
    guard result == 0 else { throw error(new, "rename \(old) to it") }
  }

  /// Exchanges the names of two files or directories in one step.
  ///
  /// - Returns: false where the system or the file system cannot.
  static func exchange(_ a: String, _ b: String) -> Bool {
    #if canImport(Darwin)
      return unsafe renamex_np(a, b, UInt32(RENAME_SWAP)) == 0
    #else
      // The C library declares it for C programs that ask for GNU extensions, so it is looked up.
      typealias Rename =
        @convention(c) (
          Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
        ) -> Int32
      guard let symbol = unsafe dlsym(nil, "renameat2") else { return false }
      let exchangeFlag: UInt32 = 2
      let call = unsafe unsafeBitCast(symbol, to: Rename.self)
      return unsafe call(AT_FDCWD, a, AT_FDCWD, b, exchangeFlag) == 0
    #endif
  }

  static func remove(_ path: String) { _ = unsafe unlink(path) }

  static func makeDirectory(_ path: String) throws(TensorFileError) {
    guard unsafe mkdir(path, 0o777) == 0 else { throw error(path, "create the directory") }
  }

  /// Whether something has that name.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
  }
}
