/// Writes a safetensors file.
///
/// Tensors are sorted as the reference implementation sorts them: wide elements first, then by name.
public struct SafetensorsWriter: TensorWriter, ~Copyable {
  private var file: AtomicFile
  private var places: TensorPlaces

  /// Begins a file and writes its header.
  ///
  /// - Parameters:
  ///   - path: of the file, which appears when it is complete.
  ///   - tensors: all that will be appended.
  ///   - metadata: what else to say of it.
  ///   - replacing: whether a file of that name gives way.
  /// - Throws: ``FileError`` if a name occurs twice or is "\_\_metadata\_\_", a size does not
  ///   fit an `Int`, or the file cannot be created.
  public init(
    _ path: String, _ tensors: [TensorDeclaration], metadata: [String: String] = [:],
    replacing: Bool = true
  ) throws(FileError) {
    let sorted = tensors.sorted {
      $0.type.rank != $1.type.rank
        ? $0.type.rank > $1.type.rank : $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    if sorted.contains(where: { $0.name == "__metadata__" }) {
      throw .duplicateName(file: path, name: "__metadata__")
    }
    // Once to see that offsets fit, before they are written down, and once after the header.
    _ = try SafetensorsWriter.places(path, sorted, from: 0)
    let header = SafetensorsHeader.encode(sorted, metadata)
    guard header.count - 8 <= SafetensorsHeader.lengthLimit else {
      throw .headerTooLong(
        file: path, declared: UInt64(header.count - 8), limit: SafetensorsHeader.lengthLimit)
    }
    let places = try SafetensorsWriter.places(path, sorted, from: header.count)
    var file = try AtomicFile(path, replacing: replacing)
    try file.append(header)
    self.file = file
    self.places = places
  }

  private static func places(
    _ path: String, _ tensors: [TensorDeclaration], from offset: Int
  ) throws(FileError) -> TensorPlaces {
    var places = TensorPlaces(path)
    var end = offset
    for tensor in tensors { end = try places.place(tensor, at: end) }
    return places
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
