/// Writes an npy file (version 1.0, row-major, little-endian), which holds one array.
///
/// The array's name serves to say which array is appended to; npy files do not store it.
public struct NpyWriter: TensorWriter, ~Copyable {
  private var file: AtomicFile
  private var places: TensorPlaces

  /// Begins a file and writes its header.
  ///
  /// - Throws: ``FileError`` if npy has no such type (BF16), the size does not fit an `Int`, or
  ///   the file cannot be created.
  public init(_ path: String, _ tensor: TensorDeclaration) throws(FileError) {
    let header = try NpyHeader.encode(tensor, file: path)
    var places = TensorPlaces(path)
    _ = try places.place(tensor, at: header.count)
    var file = try AtomicFile(path)
    try file.append(header)
    self.file = file
    self.places = places
  }

  public var path: String { file.path }

  public func elementType(of name: String) throws(FileError) -> ElementType {
    try places.place(name).declaration.type
  }

  public mutating func append(stored bytes: RawSpan, to name: String) throws(FileError) {
    try file.write(bytes, at: places.position(of: name, for: bytes.byteCount))
    places.advance(name, by: bytes.byteCount)
  }

  public consuming func finish() throws(FileError) {
    try places.checkComplete()
    try file.finish()
  }
}
