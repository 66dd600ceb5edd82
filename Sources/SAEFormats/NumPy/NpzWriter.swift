/// Writes an npz file: a zip archive of stored npy members, as NumPy's `savez` writes it.
public struct NpzWriter: TensorWriter, ~Copyable {
  private var file: AtomicFile
  private var places: TensorPlaces
  private var members: [ZipWriter.Member] = []
  /// Checksums of the bytes written so far, by the arrays' names.
  private var checksums: [[UInt8]: CRC32] = [:]

  /// Begins a file; arrays lie in it in the order given.
  ///
  /// - Throws: ``FileError`` if a name occurs twice, npy has no such type (BF16), a size does
  ///   not fit an `Int`, or the file cannot be created.
  public init(_ path: String, _ tensors: [TensorDeclaration]) throws(FileError) {
    var places = TensorPlaces(path)
    var members: [ZipWriter.Member] = []
    var headers: [[UInt8]] = []
    var offset = 0
    for tensor in tensors {
      let header = try NpyHeader.encode(tensor, file: path)
      let name = Array("\(tensor.name).npy".utf8)
      guard name.count <= Int(UInt16.max) else {
        throw .headerTooLong(file: path, declared: UInt64(name.count), limit: Int(UInt16.max))
      }
      let data = offset + ZipWriter.localHeaderSize + name.count
      let end = try places.place(tensor, at: data + header.count)
      members.append(ZipWriter.Member(name: name, headerOffset: offset, size: end - data))
      headers.append(header)
      offset = end
    }
    let file = try AtomicFile(path)
    var checksums: [[UInt8]: CRC32] = [:]
    for (index, tensor) in tensors.enumerated() {
      let bytes = headers[index]
      let header = bytes.span
      let begin = try places.place(tensor.name).range.lowerBound - header.count
      try file.write(header.storedBytes, at: begin)
      var checksum = CRC32()
      checksum.update(header.storedBytes)
      checksums[Array(tensor.name.utf8)] = checksum
    }
    self.file = file
    self.places = places
    self.members = members
    self.checksums = checksums
  }

  public var path: String { file.path }

  public func elementType(of name: String) throws(FileError) -> ElementType {
    try places.place(name).declaration.type
  }

  public mutating func append(stored bytes: RawSpan, to name: String) throws(FileError) {
    try file.write(bytes, at: places.position(of: name, for: bytes.byteCount))
    places.advance(name, by: bytes.byteCount)
    checksums[Array(name.utf8)]?.update(bytes)
  }

  public consuming func finish() throws(FileError) {
    try places.checkComplete()
    var end = 0
    for index in members.indices {
      let key = Array(members[index].name.dropLast(".npy".utf8.count))
      members[index].checksum = checksums[key]?.value ?? 0
      let header = ZipWriter.localHeader(members[index])
      let span = header.span
      try file.write(span.storedBytes, at: members[index].headerOffset)
      end = members[index].headerOffset + header.count + members[index].size
    }
    let directory = ZipWriter.directory(members, at: end)
    let span = directory.span
    try file.write(span.storedBytes, at: end)
    try file.finish()
  }
}
