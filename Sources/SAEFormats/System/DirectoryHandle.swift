#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A directory that is held open: it is the same one whatever is renamed above it.
package final class DirectoryHandle: Sendable {
  /// The path that it was opened by.
  package let path: String
  let descriptor: Int32

  package init(_ path: String) throws(FileError) {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemCall.error(path, "open") }
    self.path = path
    self.descriptor = descriptor
  }

  /// A directory in another; a link to one is none.
  package init(_ name: String, in parent: DirectoryHandle) throws(FileError) {
    let path = parent.full(name)
    let descriptor = unsafe openat(
      parent.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemCall.error(path, "open") }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { _ = close(descriptor) }

  /// The names in it, as bytes, in no order.
  package func names() throws(FileError) -> [[UInt8]] {
    let listed = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard listed >= 0 else { throw SystemCall.error(path, "list") }
    guard let stream = unsafe fdopendir(listed) else {
      _ = close(listed)
      throw SystemCall.error(path, "list")
    }
    defer { unsafe closedir(stream) }
    let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
    var names: [[UInt8]] = []
    errno = 0
    while let entry = unsafe readdir(stream) {
      let name = unsafe UnsafeRawPointer(entry) + offset
      let length = unsafe strlen(name.assumingMemoryBound(to: CChar.self))
      let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: name, count: length))
      if bytes != [0x2E], bytes != [0x2E, 0x2E] { names.append(bytes) }
      errno = 0
    }
    guard errno == 0 else { throw SystemCall.error(path, "list") }
    return names
  }

  /// The kinds of things that can have a name in a directory.
  package enum Entry: Equatable {
    case file
    case directory
    case other
  }

  /// The kind of thing that has a name in it, links not followed; nil where nothing has it.
  ///
  /// - Throws: ``FileError`` if the system does not tell, or the name is too long for one.
  package func entry(_ name: String) throws(FileError) -> Entry? {
    var status = stat()
    guard unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      if errno == ENOENT { return nil }
      throw SystemCall.error(full(name), "examine")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .directory
    default: return .other
    }
  }

  /// Whether new names may be made in it.
  package var isWritable: Bool { unsafe faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 }

  /// Whether another disk begins at a name in it.
  package func isMountPoint(_ name: String) -> Bool {
    var (own, other) = (stat(), stat())
    return unsafe fstat(descriptor, &own) == 0
      && fstatat(descriptor, name, &other, AT_SYMLINK_NOFOLLOW) == 0 && own.st_dev != other.st_dev
  }

  /// The descriptor of a new file.
  ///
  /// - Parameter path: what messages name.
  package func create(_ name: String, for path: String) throws(FileError) -> Int32 {
    if SystemCall.permits(.create, full(name)) {
      let file = unsafe openat(
        descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if file >= 0 { return file }
    }
    throw SystemCall.error(path, "create")
  }

  /// The descriptor of a file for a lock, new or there; negative if the system refuses.
  package func openLock(_ name: String) -> Int32 {
    unsafe openat(descriptor, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
  }

  /// Whether a name is that of an open file.
  package func names(_ name: String, _ file: Int32) -> Bool {
    var (own, other) = (stat(), stat())
    return unsafe fstat(file, &own) == 0
      && fstatat(descriptor, name, &other, AT_SYMLINK_NOFOLLOW) == 0
      && own.st_dev == other.st_dev && own.st_ino == other.st_ino
  }

  package func makeDirectory(_ name: String, for path: String) throws(FileError) {
    guard SystemCall.permits(.makeDirectory, full(name)),
      unsafe mkdirat(descriptor, name, 0o777) == 0
    else { throw SystemCall.error(path, "create the directory") }
  }

  /// Gives something another name in the same directory. A file takes the place of a file that has the
  /// name, a directory that of an empty directory.
  package func rename(_ old: String, to new: String) throws(FileError) {
    guard SystemCall.permits(.rename, full(new)),
      unsafe renameat(descriptor, old, descriptor, new) == 0
    else { throw SystemCall.error(full(new), "rename \(full(old)) to it") }
  }

  /// Gives something a name that nothing has.
  ///
  /// - Throws: ``FileError/alreadyExists(file:)``, or that the system refused.
  package func renameExclusively(_ old: String, to new: String) throws(FileError) {
    guard SystemCall.permits(.rename, full(new)) else {
      throw SystemCall.error(full(new), "rename \(full(old)) to it")
    }
    if renameWithFlags(old, new, DirectoryHandle.exclusively) { return }
    let code = errno
    if code == EEXIST { throw .alreadyExists(file: full(new)) }
    // Some file systems cannot do it in one step.
    guard [EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP].contains(code) else {
      throw SystemCall.error(full(new), "rename \(full(old)) to it")
    }
    if try entry(new) != nil { throw .alreadyExists(file: full(new)) }
    try rename(old, to: new)
  }

  /// Exchanges two names in one step.
  ///
  /// - Returns: false where the system or the file system cannot.
  package func exchange(_ a: String, _ b: String) -> Bool {
    SystemCall.permits(.rename, full(b)) && renameWithFlags(a, b, DirectoryHandle.exchanging)
  }

  #if canImport(Darwin)
    private static let exclusively = UInt32(RENAME_EXCL)
    private static let exchanging = UInt32(RENAME_SWAP)
  #else
    private static let exclusively: UInt32 = 1
    private static let exchanging: UInt32 = 2
  #endif

  private func renameWithFlags(_ old: String, _ new: String, _ flags: UInt32) -> Bool {
    #if canImport(Darwin)
      return unsafe renameatx_np(descriptor, old, descriptor, new, flags) == 0
    #else
      // The C library declares it for C programs that ask for GNU extensions, so it is looked up.
      typealias Rename =
        @convention(c) (
          Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
        ) -> Int32
      guard let symbol = unsafe dlsym(nil, "renameat2") else {
        errno = ENOSYS
        return false
      }
      let call = unsafe unsafeBitCast(symbol, to: Rename.self)
      return unsafe call(descriptor, old, descriptor, new, flags) == 0
    #endif
  }

  /// Removes a file.
  ///
  /// - Returns: whether it has gone.
  @discardableResult package func removeFile(_ name: String) -> Bool {
    guard SystemCall.permits(.remove, full(name)) else { return false }
    return unsafe unlinkat(descriptor, name, 0) == 0
  }

  /// Removes an empty directory.
  ///
  /// - Returns: whether it has gone.
  @discardableResult package func removeDirectory(_ name: String) -> Bool {
    guard SystemCall.permits(.remove, full(name)) else { return false }
    return unsafe unlinkat(descriptor, name, AT_REMOVEDIR) == 0
  }

  /// Waits until the names in it have reached the disk.
  package func synchronize() throws(FileError) {
    do {
      try SystemCall.synchronize(descriptor, path, as: .synchronizeDirectory)
    } catch {
      // Some file systems cannot synchronize a directory and say so with this code.
      if errno != EINVAL { throw error }
    }
  }

  /// Whether the directory is the one at a path.
  package func stands(at path: String) -> Bool {
    var (own, other) = (stat(), stat())
    return unsafe fstat(descriptor, &own) == 0 && stat(path, &other) == 0
      && own.st_dev == other.st_dev && own.st_ino == other.st_ino
  }

  /// Where the directory is now; nil if it has been removed, or the system does not tell.
  package var currentPath: String? {
    if stands(at: path) { return path }
    #if canImport(Darwin)
      var buffer = [CChar](repeating: 0, count: Int(MAXPATHLEN))
      guard unsafe fcntl(descriptor, F_GETPATH, &buffer) == 0 else { return nil }
      let found = String(
        validating: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    #else
      let found = try? SystemCall.linkTarget("/proc/self/fd/\(descriptor)")
    #endif
    guard let found, stands(at: found) else { return nil }
    return found
  }

  private func full(_ name: String) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }
}
