/// A safetensors file, open for reading.
///
/// The file is mapped, not read: opening looks at the header alone, and each reading call at the
/// bytes of what it returns. The whole header is checked on opening, so that every tensor listed is
/// there and has the size it says.
///
/// Format: huggingface.co/docs/safetensors.
public struct SafetensorsFile: Sendable {
  /// All tensors, in the order of their data in the file.
  public let tensors: [StoredTensor]
  /// The file's own key-value pairs (`__metadata__`).
  public let metadata: [String: String]

  private let contents: FileBytes
  private let byName: [[UInt8]: Int]

  /// Opens a file.
  ///
  /// - Throws: ``FileError`` if the file cannot be opened or breaks a rule of the format.
  public init(_ path: String) throws(FileError) {
    try self.init(FileBytes(mapping: path))
  }

  /// Opens what may be in memory already.
  public init(_ contents: FileBytes) throws(FileError) {
    let header: SafetensorsHeader
    do {
      header = try SafetensorsHeader(contents)
    } catch {
      throw contents.explaining(error, expected: "a safetensors file", .safetensors)
    }
    self.contents = contents
    tensors = header.tensors
    metadata = header.metadata
    // Names differ if their bytes do; equality of `String`s takes composed letters for the same.
    byName = Dictionary(
      uniqueKeysWithValues: zip(tensors.map { Array($0.name.utf8) }, tensors.indices))
  }

  /// The path it was opened by.
  public var path: String { contents.name }

  /// Whether there is a tensor of that name.
  public func contains(_ name: String) -> Bool { byName[Array(name.utf8)] != nil }

  /// The tensor of that name.
  ///
  /// - Throws: ``FileError/noSuchTensor(file:tensor:present:)``.
  public func tensor(_ name: String) throws(FileError) -> StoredTensor {
    guard let index = byName[Array(name.utf8)] else {
      throw .noSuchTensor(
        file: path, tensor: name, present: tensors.prefix(20).map(\.name))
    }
    return tensors[index]
  }
}
