import Foundation

/// A file that appears under its name only when it is complete.
///
/// It is written under a temporary name in the same directory, synchronised with the disk and then
/// renamed. If ``finish()`` is not reached, what was there before stays as it was, and the temporary
/// file is removed when the value's life ends. (A killed process leaves the temporary file behind,
/// named `.NAME.….partial`.)
public struct AtomicFile: ~Copyable {
  /// Where the file will stand once it is complete.
  public let path: String
  private let temporary: String
  private let file: WritableFile
  private var isFinished = false

  /// Bytes from the beginning to the end of what was appended.
  public private(set) var length = 0

  /// Begins a file.
  public init(_ path: String) throws(TensorFileError) {
    let temporary = TemporaryName.beside(path)
    let file = try WritableFile(creating: temporary, for: path)
    self.path = path
    self.temporary = temporary
    self.file = file
  }

  deinit { if !isFinished { SystemCall.remove(temporary) } }

  /// Writes behind what was appended before.
  public mutating func append(_ bytes: [UInt8]) throws(TensorFileError) {
    let span = bytes.span
    try write(span.storedBytes, at: length)
    length += bytes.count
  }

  /// Writes at an offset, which may lie beyond the end.
  func write(_ bytes: RawSpan, at offset: Int) throws(TensorFileError) {
    try file.write(bytes, at: offset)
  }

  /// Makes the file appear under its name, in place of what was there.
  public consuming func finish() throws(TensorFileError) {
    try file.synchronize()
    try SystemCall.rename(temporary, to: path)
    isFinished = true
    let parent = TemporaryName.directory(of: path)
    try SystemCall.synchronizeDirectory(parent.isEmpty ? "/" : parent)
  }

  /// Removes what killed processes left behind that were writing a file of this name.
  ///
  /// - Precondition: nobody is writing the file.
  package static func removeLeftovers(of path: String) {
    let directory = TemporaryName.directory(of: path)
    let prefix = TemporaryName.prefix(of: path)
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: directory.isEmpty ? "/" : directory)
    for name in names ?? []
    where name.hasPrefix(prefix) && name.hasSuffix(TemporaryName.suffix) {
      SystemCall.remove("\(directory)/\(name)")
    }
  }

  /// Writes a whole file at once.
  public static func write(_ bytes: [UInt8], to path: String) throws(TensorFileError) {
    var file = try AtomicFile(path)
    try file.append(bytes)
    try file.finish()
  }
}

enum TemporaryName {
  /// A hidden name in the same directory, so that renaming stays within one file system.
  static func beside(_ path: String) -> String {
    let random = String(UInt64.random(in: .min ... .max), radix: 36)
    return "\(directory(of: path))/\(prefix(of: path))\(random)\(suffix)"
  }

  static let suffix = ".partial"

  /// How the temporary names of a path begin.
  static func prefix(of path: String) -> String {
    let name = trim(path).split(separator: "/").last.map(String.init) ?? "file"
    // File systems allow 255 bytes in a name.
    return ".\(shortened(name))."
  }

  static func directory(of path: String) -> String {
    let trimmed = trim(path)
    guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == trimmed.startIndex ? "" : String(trimmed[..<slash])
  }

  /// Without slashes at the end.
  static func trim(_ path: String) -> String {
    var path = Substring(path)
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path = path.dropLast() }
    return String(path)
  }

  private static func shortened(_ name: String) -> String {
    var name = Substring(name)
    while name.utf8.count > 200 { name = name.dropLast() }
    return String(name)
  }
}
