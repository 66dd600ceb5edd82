/// An npz file, open for reading: a zip archive of npy files, as NumPy's `savez` and
/// `savez_compressed` write it.
///
/// Opening reads the archive's directory. An array is read when it is asked for: stored members are
/// used in place, after their checksum has been compared; deflated ones are decompressed into memory.
public struct NpzFile: Sendable {
  /// The arrays' names, in the order of the directory.
  public let names: [String]

  private let archive: ZipArchive
  private let byName: [[UInt8]: Int]

  /// Opens a file.
  ///
  /// - Throws: ``FileError`` if the file cannot be opened or is no such archive.
  public init(_ path: String) throws(FileError) {
    try self.init(FileBytes(mapping: path))
  }

  /// Opens what may be in memory already.
  public init(_ contents: FileBytes) throws(FileError) {
    do {
      archive = try ZipArchive(contents)
    } catch {
      throw contents.explaining(error, expected: "an npz file", .zip)
    }
    if case .other(let found) = FileKind(contents) {
      throw .wrongContents(file: contents.name, expected: "an npz file", found: found)
    }
    names = archive.members.map { member in
      member.name.hasSuffix(".npy") ? String(member.name.dropLast(4)) : member.name
    }
    var byName: [[UInt8]: Int] = [:]
    for (index, name) in names.enumerated() {
      guard byName.updateValue(index, forKey: Array(name.utf8)) == nil else {
        throw .duplicateName(file: contents.name, name: name)
      }
    }
    self.byName = byName
  }

  /// The path it was opened by.
  public var path: String { archive.contents.name }

  /// Throws unless all arrays that have to be decompressed fit into memory.
  package func checkMemory() throws(FileError) {
    var estimate = MemoryEstimate()
    for member in archive.members where member.isDeflated {
      estimate.add("arrays", bytes: member.size)
    }
    do {
      try estimate.check(path)
    } catch {
      throw .insufficientMemory(error)
    }
  }

  /// Whether there is an array of that name.
  public func contains(_ name: String) -> Bool { byName[Array(name.utf8)] != nil }

  /// The array of that name.
  ///
  /// - Throws: ``FileError`` if there is none, or its member is broken or no npy file.
  public func tensor(_ name: String) throws(FileError) -> StoredTensor {
    guard let index = byName[Array(name.utf8)] else {
      throw .noSuchTensor(file: path, tensor: name, present: Array(names.prefix(20)))
    }
    let (contents, range) = try archive.open(archive.members[index])
    let header = try NpyHeader(
      contents.bytes.extracting(range), file: path, array: name, origin: range.lowerBound)
    return try header.tensor(named: name, in: contents, range)
  }
}
