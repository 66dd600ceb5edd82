#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A temporary file or directory is locked while the process that writes it lives: one that nobody holds
/// is the leftover of a process that was killed.
extension DirectoryHandle {
  /// A new file under a temporary name, locked.
  ///
  /// - Parameters:
  ///   - name: what it is to be called when it is complete.
  ///   - path: what messages name.
  func createTemporary(
    for name: String, path: String
  ) throws(FileError) -> (name: String, descriptor: Int32) {
    while true {
      let temporary = TemporaryName.of(name)
      let file = try create(temporary, for: path)
      if locks(file, named: temporary) { return (temporary, file) }
      _ = close(file)
    }
  }

  /// A new directory under a temporary name, locked.
  ///
  /// - Parameters:
  ///   - name: what it is to be called when it is complete.
  ///   - path: what messages name.
  func makeTemporaryDirectory(
    for name: String, path: String
  ) throws(FileError) -> (name: String, handle: DirectoryHandle) {
    while true {
      let temporary = TemporaryName.of(name)
      try makeDirectory(temporary, for: path)
      do {
        let handle = try DirectoryHandle(temporary, in: self)
        if locks(handle.descriptor, named: temporary) { return (temporary, handle) }
      } catch {
        removeDirectory(temporary)
        throw error
      }
    }
  }

  /// Locks a file or directory that was just made.
  ///
  /// - Returns: false if it is gone, because another process took it for a leftover before it was locked.
  private func locks(_ opened: Int32, named name: String) -> Bool {
    // Where the file system knows no locks, nothing is taken for a leftover either.
    while flock(opened, LOCK_EX) != 0, errno == EINTR {}
    return names(name, opened)
  }

  /// Removes what killed processes left under temporary names.
  ///
  /// - Parameter isMeant: whether a name is one of those that may go.
  package func removeLeftovers(_ isMeant: (String) -> Bool) {
    for bytes in (try? names()) ?? [] {
      guard let name = String(validating: bytes, as: UTF8.self), TemporaryName.isTemporary(name),
        isMeant(name), let entry = try? entry(name), entry != .other
      else { continue }
      let access = entry == .file ? O_RDWR : O_RDONLY | O_DIRECTORY
      let opened = unsafe openat(descriptor, name, access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard opened >= 0 else { continue }
      defer { _ = close(opened) }
      var status = stat()
      guard flock(opened, LOCK_EX | LOCK_NB) == 0, unsafe fstat(opened, &status) == 0,
        status.st_mode & S_IWUSR != 0
      else { continue }
      if entry == .file { removeFile(name) } else { AtomicDirectory.remove(name, in: self) }
    }
  }

  /// Makes something that is complete and has to stay under its temporary name read-only, so that it is
  /// not taken for a leftover.
  func protect(_ name: String) {
    var status = stat()
    guard unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
    _ = unsafe fchmodat(descriptor, name, status.st_mode & 0o7555, 0)
  }
}
