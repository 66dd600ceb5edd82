#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file that only grows: the system keeps the appended bytes, whatever becomes of the process.
package final class AppendedFile: Sendable {
  /// The path that messages name.
  package let path: String
  private let descriptor: Int32

  /// Creates a file that must not exist yet.
  ///
  /// - Throws: ``FileError/alreadyExists(file:)``, or that the system refused.
  package convenience init(creating path: String) throws(FileError) {
    try self.init(path, unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666))
  }

  /// Goes on with a file, or creates it.
  package convenience init(continuing path: String) throws(FileError) {
    try self.init(path, unsafe open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666))
  }

  private init(_ path: String, _ descriptor: Int32) throws(FileError) {
    guard descriptor >= 0 else {
      if errno == EEXIST { throw .alreadyExists(file: path) }
      throw SystemCall.error(path, "open")
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { _ = close(descriptor) }

  /// The last byte; nil if there is none.
  package func lastByte() throws(FileError) -> UInt8? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw SystemCall.error(path, "examine") }
    guard status.st_size > 0 else { return nil }
    var byte: UInt8 = 0
    guard unsafe pread(descriptor, &byte, 1, status.st_size - 1) == 1 else {
      throw SystemCall.error(path, "read")
    }
    return byte
  }

  /// Appends bytes, in one piece unless the system takes them in several.
  package func append(_ bytes: [UInt8]) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemCall.error(path, "write")
      }
      written += count
    }
  }
}
