/// A file that appears under its name only when it is complete.
///
/// It is written under a temporary name in the same folder, synchronized with the disk and then
/// renamed. If ``finish()`` is not reached, the old file stays as it was, and the temporary file is
/// removed when the value's life ends. If the name cannot be given, the complete file is kept beside, as
/// `NAME.result`. (A killed process leaves the temporary file there, named `.NAME.….partial`; the next
/// file of that name that is begun removes it.)
public struct AtomicFile: ~Copyable {
  /// Where the file will stand once it is complete, from the root, without links.
  public var path: String { destination.path }
  private let destination: Destination
  private let replaces: Bool
  private let file: WritableFile
  private var isFinished = false

  /// Bytes from the beginning to the end of the appended ones.
  public private(set) var length = 0

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - path: where it is to stand; a link stands for its target.
  ///   - replacing: whether a file of that name gives way.
  public init(_ path: String, replacing: Bool = true) throws(FileError) {
    let destination = try Destination(path)
    destination.folder.removeLeftovers { TemporaryName.is($0, of: destination.name) }
    file = try WritableFile(toReplace: destination.name, in: destination.folder, for: path)
    self.destination = destination
    replaces = replacing
  }

  deinit { if !isFinished { destination.folder.removeFile(file.name) } }

  /// Appends bytes.
  public mutating func append(_ bytes: [UInt8]) throws(FileError) {
    let span = bytes.span
    try write(span.storedBytes, at: length)
    length += bytes.count
  }

  /// Writes at an offset, which may lie beyond the end.
  func write(_ bytes: RawSpan, at offset: Int) throws(FileError) {
    try file.write(bytes, at: offset)
  }

  /// A file without a name on the same disk, for bytes that have to wait.
  func spool() throws(FileError) -> WritableFile {
    let spool = try WritableFile(toReplace: destination.name, in: destination.folder, for: path)
    destination.folder.removeFile(spool.name)
    return spool
  }

  /// Writes the content of another file at an offset.
  func write(contentsOf other: borrowing WritableFile, at offset: Int) throws(FileError) {
    try other.copy(to: file, at: offset)
  }

  /// Makes the file appear under its name.
  ///
  /// - Throws: ``FileError/notPlaced(file:kept:reason:)`` if it is complete and cannot have its
  ///   name, which says where it is instead; other ``FileError`` if the disk refuses.
  public consuming func finish() throws(FileError) {
    try file.synchronize()
    do {
      if replaces {
        try destination.folder.rename(file.name, to: destination.name)
      } else {
        try destination.folder.renameExclusively(file.name, to: destination.name)
      }
      isFinished = true
    } catch {
      // A file of an unfinished directory goes with it.
      if TemporaryName.isTemporary(Path.split(destination.folder.path).name) { throw error }
      guard destination.folder.currentPath != nil else {
        // The folder has been removed, with all names in it; the written bytes are there still.
        return try copy(replacing: replaces)
      }
      isFinished = true
      throw destination.keep(file.name, because: error)
    }
    try destination.folder.synchronize()
    try destination.checkStands()
  }

  /// Writes the same file once more, into a folder that is made anew.
  private func copy(replacing: Bool) throws(FileError) {
    _ = try destination.standing()
    let copy = try AtomicFile(path, replacing: replacing)
    try file.copy(to: copy.file)
    try copy.finish()
  }

  /// Writes a whole file at once, in the place of an older one.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    var file = try AtomicFile(path)
    try file.append(bytes)
    try file.finish()
  }
}
