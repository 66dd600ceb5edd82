import Foundation

/// A name in a folder, for a file or a directory that is to be written there.
///
/// Links are resolved when the value is made: a link to something that is there or could be made stands
/// for its target. The folder is held open from then on, so that a result can be put into it although it
/// has been renamed.
public final class Destination: Sendable {
  /// The path from the root, without links.
  public let path: String
  /// The last part of the path.
  package let name: String
  /// The folder of the name.
  package let folder: DirectoryHandle

  /// - Throws: ``FileError`` if the path has no folder, or is the root.
  public init(_ path: String) throws(FileError) {
    var current = path
    // As many links as Linux follows.
    for _ in 0..<40 {
      if ["", ".", ".."].contains(Path.split(current).name) {
        guard let real = try SystemCall.realPath(current) else {
          throw SystemCall.error(path, "open")
        }
        current = real
      }
      let (folder, name) = Path.split(current)
      guard !name.isEmpty else {
        throw .system(file: path, operation: "write", reason: "it is the root of all folders")
      }
      guard let real = try SystemCall.realPath(folder) else {
        throw .noFolder(file: path, folder: folder, reason: SystemCall.reason(errno))
      }
      let found = Path.join(real, name)
      if let target = try SystemCall.linkTarget(found) {
        current = target.hasPrefix("/") ? target : Path.join(real, target)
        continue
      }
      do {
        self.folder = try DirectoryHandle(real)
      } catch {
        throw .noFolder(file: path, folder: real, reason: error.reason)
      }
      self.name = name
      self.path = found
      return
    }
    throw .system(file: path, operation: "open", reason: "too many links")
  }

  /// Throws unless a result can get the name: the name is free, or belongs to an empty directory where a
  /// directory is to be written, or to a result that may be replaced.
  ///
  /// Checked before work is done, and again when the result is put there, since others may write
  /// meanwhile.
  ///
  /// - Parameters:
  ///   - result: the kind of result that is to be written.
  ///   - replacing: whether one of its kind gives way.
  public func check(for result: Artifact, replacing: Bool = false) throws(FileError) {
    try result.check(self, replacing: replacing)
    guard folder.isWritable else {
      throw .noFolder(file: path, folder: folder.path, reason: "it may not be written")
    }
    if folder.isMountPoint(name) {
      throw .notReplaceable(
        file: path, expected: "a directory on the disk of \(folder.path)",
        found: "a disk of its own; name a directory in it")
    }
  }

  /// The place of the result now, if its folder has been renamed or removed meanwhile: the path, if it is
  /// a folder again; else the folder under its new name; else a new folder of the old name.
  func standing() throws(FileError) -> Destination {
    if folder.stands(at: folder.path) { return self }
    if let there = try? Destination(path) { return there }
    if folder.currentPath != nil { return self }
    do {
      try FileManager.default.createDirectory(
        atPath: folder.path, withIntermediateDirectories: true)
    } catch {
      throw .noFolder(file: path, folder: folder.path, reason: "it has been removed")
    }
    return try Destination(path)
  }

  /// Keeps a complete result that could not get its name, under another name that is not hidden.
  ///
  /// - Parameter temporary: its name as yet.
  /// - Returns: the error that says where it is.
  func keep(_ temporary: String, because error: FileError) -> FileError {
    let stem = TemporaryName.shortened(name) + ".result"
    var kept = temporary
    for number in 1...100 where kept == temporary {
      let visible = number == 1 ? stem : "\(stem)-\(number)"
      if (try? folder.renameExclusively(temporary, to: visible)) != nil { kept = visible }
    }
    if kept == temporary { folder.protect(temporary) }
    try? folder.synchronize()
    return .notPlaced(
      file: path, kept: Path.join(folder.currentPath ?? folder.path, kept),
      reason: error.reason)
  }

  /// Throws if the folder has been renamed since, so that the result is elsewhere.
  func checkStands() throws(FileError) {
    guard !folder.stands(at: folder.path), let current = folder.currentPath else { return }
    throw .notPlaced(
      file: path, kept: Path.join(current, name), reason: "its folder has been moved")
  }
}
