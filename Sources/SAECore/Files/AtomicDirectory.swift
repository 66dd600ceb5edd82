import Foundation

/// A directory that appears under its name only when it is complete.
///
/// Files are written into a temporary directory beside it; ``finish(replacing:)`` synchronises it
/// with the disk and gives it its name. If that is not reached, nothing changes under the name, and
/// the temporary directory is removed when the value's life ends.
public struct AtomicDirectory: ~Copyable {
  /// Where the directory will stand once it is complete.
  public let path: String
  /// The temporary directory, into which files are to be written.
  public let temporary: String
  private var isFinished = false

  /// Begins a directory; its parent must exist.
  public init(_ path: String) throws(TensorFileError) {
    let temporary = TemporaryName.beside(path)
    try SystemCall.makeDirectory(temporary)
    self.path = TemporaryName.trim(path)
    self.temporary = temporary
  }

  deinit { if !isFinished { AtomicDirectory.remove(temporary) } }

  /// The path under which a file of the directory is to be written.
  public func file(_ name: String) -> String { "\(temporary)/\(name)" }

  /// Makes the directory appear under its name.
  ///
  /// - Parameter replacing: whether a directory of that name, with all that is in it, gives way.
  ///   An empty one always does. Old and new change places in one step where the file system can;
  ///   elsewhere (some network file systems) the old one is renamed first.
  /// - Throws: ``TensorFileError/alreadyExists(file:)`` if something is there and stays.
  public consuming func finish(replacing: Bool = false) throws(TensorFileError) {
    try SystemCall.synchronizeDirectory(temporary)
    let parent = TemporaryName.directory(of: path)
    if !replacing || !SystemCall.exists(path) {
      if SystemCall.exists(path), !AtomicDirectory.isEmptyDirectory(path) {
        throw .alreadyExists(file: path)
      }
      try SystemCall.rename(temporary, to: path)
      isFinished = true
    } else if SystemCall.exchange(temporary, path) {
      isFinished = true
      AtomicDirectory.remove(temporary)
    } else {
      let old = TemporaryName.beside(path)
      try SystemCall.rename(path, to: old)
      do {
        try SystemCall.rename(temporary, to: path)
      } catch {
        try SystemCall.rename(old, to: path)
        throw error
      }
      isFinished = true
      AtomicDirectory.remove(old)
    }
    try SystemCall.synchronizeDirectory(parent.isEmpty ? "/" : parent)
  }

  private static func isEmptyDirectory(_ path: String) -> Bool {
    (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty ?? false
  }

  private static func remove(_ path: String) {
    // What cannot be removed stays under its temporary name; the directory itself is complete.
    try? FileManager.default.removeItem(atPath: path)
  }
}
