#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The calls to the operating system other than those on files' contents.
package enum SystemCall {
  /// The calls that change a disk.
  package enum Operation: Sendable, Equatable {
    case create
    case write
    case synchronize
    case rename
    case makeDirectory
    case remove
    case synchronizeDirectory
  }

  /// A function that a test puts between the package and the system: it gets each call, with the name
  /// that the call is about, before it is made. A code that it returns is the error that the call fails
  /// with.
  @TaskLocal package static var interposed: (@Sendable (Operation, String) -> Int32?)?

  /// Whether a call is to be made; if not, `errno` is set.
  package static func permits(_ operation: Operation, _ name: String) -> Bool {
    guard let interposed, let code = interposed(operation, name) else { return true }
    errno = code
    return false
  }

  /// The error for the last failed call; one of its own for a full disk.
  package static func error(_ file: String, _ operation: String) -> FileError {
    let code = errno
    if code == ENOSPC || code == EDQUOT { return .diskFull(file: file) }
    return .system(file: file, operation: operation, reason: reason(code))
  }

  /// The system's text for an error.
  package static func reason(_ code: Int32) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
  }

  package static func synchronize(
    _ descriptor: Int32, _ path: String, as operation: Operation = .synchronize
  ) throws(FileError) {
    if permits(operation, path) {
      #if canImport(Darwin)
        // There `fsync` leaves the data in the drive's own cache.
        if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
      #endif
      if fsync(descriptor) == 0 { return }
    }
    throw error(path, "synchronize")
  }

  /// Whether the name is that of a directory, or of a link to one.
  ///
  /// - Throws: ``FileError`` if nothing has the name.
  package static func isDirectory(_ path: String) throws(FileError) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw error(path, "open") }
    return status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether something has that name.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
  }

  /// Makes a directory, if there is none.
  package static func makeDirectory(_ path: String) throws(FileError) {
    guard permits(.makeDirectory, path), unsafe mkdir(path, 0o777) == 0 else {
      throw error(path, "create the directory")
    }
  }

  /// The path without links; nil, and `errno` set, where nothing has it.
  package static func realPath(_ path: String) throws(FileError) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    guard let text = unsafe String(validatingCString: resolved) else {
      throw .system(file: path, operation: "name its place", reason: "the path is not UTF-8")
    }
    return text
  }

  /// The target of a link; nil where the name is not that of a link.
  package static func linkTarget(_ path: String) throws(FileError) -> String? {
    var buffer = [CChar](repeating: 0, count: 4097)
    let length = unsafe readlink(path, &buffer, buffer.count - 1)
    guard length >= 0 else { return nil }
    let bytes = buffer[..<length].lazy.map { UInt8(bitPattern: $0) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .system(file: path, operation: "follow the link", reason: "its target is not UTF-8")
    }
    return text
  }
}
