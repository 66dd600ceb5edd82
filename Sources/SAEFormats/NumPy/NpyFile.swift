/// An npy file, open for reading: one array, as NumPy's `save` writes it.
///
/// Versions 1.0 to 3.0, either byte order, row- or column-major. Types that hold anything but plain
/// numbers are refused; in particular pickled objects, which run code when they are loaded.
public struct NpyFile: Sendable {
  /// The array, named after the file.
  public let tensor: StoredTensor

  /// Opens a file.
  ///
  /// - Throws: ``FileError`` if the file cannot be opened or is no such file.
  public init(_ path: String) throws(FileError) {
    try self.init(FileBytes(mapping: path))
  }

  /// Opens bytes that may be in memory already.
  public init(_ contents: FileBytes) throws(FileError) {
    let last = contents.name.split(separator: "/").last ?? "array"
    let name = String(last.hasSuffix(".npy") ? last.dropLast(4) : last)
    let header: NpyHeader
    do {
      header = try NpyHeader(contents.bytes, file: contents.name, array: name, origin: 0)
    } catch {
      throw contents.explaining(error, expected: "an npy file", .npy)
    }
    tensor = try header.tensor(named: name, in: contents, 0..<contents.count)
  }
}
