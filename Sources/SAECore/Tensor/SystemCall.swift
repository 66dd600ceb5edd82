#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What is needed of the operating system besides files' contents.
enum SystemCall {
  /// The error for the last failed call; one of its own for a full disk.
  static func error(_ file: String, _ operation: String) -> TensorFileError {
    let code = errno
    if code == ENOSPC || code == EDQUOT { return .diskFull(file: file) }
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) }
    return .system(file: file, operation: operation, reason: reason ?? "error \(code)")
  }

  static func synchronize(_ descriptor: Int32, _ path: String) throws(TensorFileError) {
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

  /// Whether the name is that of a directory, or of a link to one.
  ///
  /// - Throws: ``TensorFileError`` if nothing has the name.
  static func isDirectory(_ path: String) throws(TensorFileError) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw error(path, "open") }
    return status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether something has that name.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
  }
}
