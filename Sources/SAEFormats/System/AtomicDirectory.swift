/// A directory that appears under its name only when it is complete.
///
/// Files are written into a temporary directory beside it; ``finish(replacing:)`` synchronizes it
/// with the disk and gives it its name. If that is not reached, nothing changes under the name, and
/// the temporary directory is removed when the value's life ends. If the name cannot be given, the
/// complete directory is kept beside, as `NAME.result`. (A killed process leaves the temporary directory
/// behind, named `.NAME.….partial`; the next directory of that name that is begun removes it.)
public struct AtomicDirectory: ~Copyable {
  /// Where the directory will stand once it is complete, from the root, without links.
  public var path: String { destination.path }
  private let destination: Destination
  private let temporaryName: String
  private let contents: DirectoryHandle
  private var isFinished = false

  /// Begins a directory; its parent must exist.
  public init(_ path: String) throws(FileError) { try self.init(Destination(path)) }

  /// Begins a directory. A parent that has been renamed since the destination was made is found; one
  /// that has been removed is made again.
  public init(_ destination: Destination) throws(FileError) {
    let destination = try destination.standing()
    destination.folder.removeLeftovers { TemporaryName.is($0, of: destination.name) }
    (temporaryName, contents) = try destination.folder.makeTemporaryDirectory(
      for: destination.name, path: destination.path)
    self.destination = destination
  }

  deinit { if !isFinished { AtomicDirectory.remove(temporaryName, in: destination.folder) } }

  /// The temporary directory, into which files are to be written.
  public var temporary: String { contents.currentPath ?? contents.path }

  /// The path under which a file of the directory is to be written.
  public func file(_ name: String) -> String { "\(temporary)/\(name)" }

  /// Makes the directory appear under its name.
  ///
  /// - Parameter replacing: what gives way, checked once more: a directory of that name that holds
  ///   anything else stays. An empty one always gives way. Old and new change places in one step where
  ///   the file system can; elsewhere (some network file systems) the old one is renamed first.
  /// - Throws: ``FileError/notPlaced(file:kept:reason:)`` if it is complete and cannot have its
  ///   name, which says where it is instead; other ``FileError`` if the disk refuses.
  public consuming func finish(replacing: Artifact? = nil) throws(FileError) {
    try contents.synchronize()
    let remains: String?
    do {
      remains = try place(replacing)
      isFinished = true
    } catch {
      // Nothing is kept where the folder has been removed, with all in it.
      guard contents.currentPath != nil else { throw error }
      isFinished = true
      throw destination.keep(temporaryName, because: error)
    }
    try destination.folder.synchronize()
    try destination.checkStands()
    if let remains {
      throw .notReplaceable(
        file: path, expected: "nothing else in the directory that was replaced",
        found: "files that are kept in \(remains)")
    }
  }

  /// Gives the name to the temporary directory.
  ///
  /// - Returns: where the old directory is, if it cannot be removed because something else has got into
  ///   it meanwhile.
  private func place(_ replacing: Artifact?) throws(FileError) -> String? {
    let (folder, name) = (destination.folder, destination.name)
    // Renaming puts a directory into the place of an empty one and refuses all else. The check comes
    // first so that the error can say what is there.
    try (replacing ?? .nothing).check(destination, replacing: replacing != nil)
    do {
      try folder.rename(temporaryName, to: name)
      return nil
    } catch {
      guard let replacing else { throw error }
      return try exchange(replacing)
    }
  }

  private func exchange(_ replacing: Artifact) throws(FileError) -> String? {
    let (folder, name) = (destination.folder, destination.name)
    var old = temporaryName
    if !folder.exchange(temporaryName, name) {
      old = TemporaryName.ofOld(name)
      try folder.rename(name, to: old)
      do {
        try folder.rename(temporaryName, to: name)
      } catch {
        try folder.rename(old, to: name)
        throw error
      }
    }
    if replacing.remove(old, in: folder) { return nil }
    let visible = TemporaryName.shortened(name) + ".old"
    if (try? folder.renameExclusively(old, to: visible)) != nil { old = visible }
    return Path.join(folder.path, old)
  }

  /// Removes a temporary directory with whatever is in it.
  package static func remove(_ name: String, in folder: DirectoryHandle) {
    // Files that cannot be removed stay under the temporary name.
    guard let directory = try? DirectoryHandle(name, in: folder) else { return }
    for bytes in (try? directory.names()) ?? [] {
      guard let name = String(validating: bytes, as: UTF8.self) else { continue }
      if (try? directory.entry(name)) == .directory {
        remove(name, in: directory)
      } else {
        directory.removeFile(name)
      }
    }
    folder.removeDirectory(name)
  }
}
