#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file that one process at a time holds, removed when the value's life ends.
///
/// The system gives the lock back when a process ends, however it ends: a file that is left over is no
/// obstacle. File systems that know no locks let everybody through.
final class LockedFile: Sendable {
  private let folder: DirectoryHandle
  private let name: String
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// - Parameters:
  ///   - name: of the file.
  ///   - folder: where it is.
  ///   - path: the locked path, for messages.
  ///   - owner: the text to write into the file, for the next process that wants the lock.
  /// - Throws: ``FileError/locked(file:owner:)`` with its holder's text.
  init(
    _ name: String, in folder: DirectoryHandle, for path: String, owner: String
  ) throws(FileError) {
    while true {
      let descriptor = folder.openLock(name)
      guard descriptor >= 0 else { throw SystemCall.error(path, "create a lock beside it") }
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        let code = errno
        if code == EWOULDBLOCK {
          let owner = LockedFile.text(descriptor)
          _ = close(descriptor)
          throw .locked(file: path, owner: owner.isEmpty ? "another process" : owner)
        }
        if code == EINTR {
          _ = close(descriptor)
          continue
        }
      }
      // The holder before may have removed the file between the two calls.
      guard folder.names(name, descriptor) else {
        _ = close(descriptor)
        continue
      }
      _ = ftruncate(descriptor, 0)
      let text = Array(owner.utf8)
      _ = unsafe pwrite(descriptor, text, text.count, 0)
      self.folder = folder
      self.name = name
      self.descriptor = descriptor
      return
    }
  }

  deinit {
    folder.removeFile(name)
    _ = close(descriptor)
  }

  /// A holder's text, as one line for messages.
  private static func text(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 200)
    let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
    return String(FileName.quoted(bytes.prefix(max(0, count))).dropFirst().dropLast())
  }
}
