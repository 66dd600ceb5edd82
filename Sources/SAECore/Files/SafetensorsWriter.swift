/// A tensor that is to be written.
public struct TensorDeclaration: Sendable, Equatable {
  public let name: String
  public let type: ElementType
  /// Dimensions, slowest first; empty for a scalar.
  public let shape: [Int]

  public init(_ name: String, _ type: ElementType, _ shape: [Int]) {
    self.name = name
    self.type = type
    self.shape = shape
  }
}

/// Writes a safetensors file, tensor by tensor and as many elements at a time as the caller likes.
///
/// Names, types and shapes are given first; then each tensor's elements are appended in row-major
/// order, the tensors in any order or interleaved. The file appears under its name, in place of what
/// was there, when ``finish()`` has returned; before that, and after any error, nothing changes.
///
/// Tensors are sorted as the reference implementation sorts them: wide elements first, then by name.
public struct SafetensorsWriter: ~Copyable {
  private var file: AtomicFile
  private var places: [[UInt8]: Place]

  private struct Place {
    let declaration: TensorDeclaration
    var position: Int
    let end: Int

    func shifted(by offset: Int) -> Place {
      Place(declaration: declaration, position: position + offset, end: end + offset)
    }
  }

  /// Begins a file and writes its header.
  ///
  /// - Throws: ``TensorFileError`` if a name occurs twice or is "\_\_metadata\_\_", a size does not
  ///   fit an `Int`, or the file cannot be created.
  public init(
    _ path: String, _ declarations: [TensorDeclaration], metadata: [String: String] = [:]
  ) throws(TensorFileError) {
    let sorted = declarations.sorted {
      $0.type.rank != $1.type.rank
        ? $0.type.rank > $1.type.rank : $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    var places: [[UInt8]: Place] = [:]
    var end = 0
    for declaration in sorted {
      let begin = end
      guard !declaration.shape.contains(where: { $0 < 0 }),
        let size = Shape.byteCount(declaration.shape, declaration.type), size <= Int.max - begin
      else {
        throw .sizeOverflow(
          file: path, tensor: declaration.name, shape: declaration.shape, type: declaration.type)
      }
      end = begin + size
      let place = Place(declaration: declaration, position: begin, end: end)
      guard places.updateValue(place, forKey: Array(declaration.name.utf8)) == nil,
        declaration.name != "__metadata__"
      else { throw .duplicateName(file: path, name: declaration.name) }
    }
    let header = SafetensorsHeader.encode(sorted, metadata)
    guard header.count - 8 <= SafetensorsHeader.lengthLimit,
      end <= Int.max - header.count
    else {
      throw .headerTooLong(
        file: path, declared: UInt64(header.count - 8), limit: SafetensorsHeader.lengthLimit)
    }
    var file = try AtomicFile(path)
    try file.append(header)
    self.file = file
    self.places = places.mapValues { $0.shifted(by: header.count) }
  }

  /// Appends elements to a tensor, rounding them to its type (nearest, half to even).
  ///
  /// - Throws: ``TensorFileError`` if there is no such tensor, it is not one of floats, or it has
  ///   fewer elements left.
  public mutating func append(
    _ values: Span<Float>, to name: String
  ) throws(TensorFileError) {
    let type = try self.type(of: name, from: "F32") { $0.storesFloats }
    if type == .f32 { return try write(values.storedBytes, to: name) }
    try inPieces(values.count, name) { type.encode(values.extracting($0)) }
  }

  /// Appends elements to a tensor, rounding them to its type (nearest, half to even).
  public mutating func append(_ values: [Float], to name: String) throws(TensorFileError) {
    let span = values.span
    try append(span, to: name)
  }

  /// Appends rows of a matrix to a tensor.
  public mutating func append(_ rows: Matrix, to name: String) throws(TensorFileError) {
    let elements = rows.elements
    try append(elements, to: name)
  }

  /// Appends doubles to a tensor of F64, or of F32, to which they are rounded.
  public mutating func append(_ values: [Double], to name: String) throws(TensorFileError) {
    let type = try self.type(of: name, from: "F64") { $0 == .f64 || $0 == .f32 }
    try inPieces(values.count, name) { type.encode(values.span.extracting($0)) }
  }

  /// Appends whole numbers to a tensor of a type that can hold them.
  public mutating func append(_ values: [Int], to name: String) throws(TensorFileError) {
    let type = try self.type(of: name, from: "whole numbers") { $0.isInteger }
    let range = type.integerRange ?? 0...0
    if let value = values.first(where: { !range.contains($0) }) {
      throw .valueOutOfRange(
        file: file.path, tensor: name, value: String(value), type: type.rawValue)
    }
    try inPieces(values.count, name) { type.encode(values.span.extracting($0)) }
  }

  /// Appends the elements of a stored tensor of the same type, without converting them.
  public mutating func append(_ tensor: StoredTensor, to name: String) throws(TensorFileError) {
    _ = try type(of: name, from: tensor.type.rawValue) {
      $0 == tensor.type && !tensor.isBigEndian && !tensor.isColumnMajor
    }
    try write(tensor.contents.bytes.extracting(tensor.bytes), to: name)
  }

  private mutating func write(_ bytes: RawSpan, to name: String) throws(TensorFileError) {
    guard var place = places[Array(name.utf8)] else { throw missing(name) }
    guard bytes.byteCount <= place.end - place.position else {
      throw wrongByteCount(place, excess: bytes.byteCount)
    }
    try file.write(bytes, at: place.position)
    place.position += bytes.byteCount
    places[Array(name.utf8)] = place
  }

  /// Completes the file.
  ///
  /// - Throws: ``TensorFileError`` if a tensor lacks elements, or the disk refuses.
  public consuming func finish() throws(TensorFileError) {
    let incomplete = places.values.filter { $0.position < $0.end }
    if let place = incomplete.min(by: { $0.position < $1.position }) {
      throw wrongByteCount(place, excess: 0)
    }
    try file.finish()
  }

  private mutating func inPieces(
    _ count: Int, _ name: String, _ encode: (Range<Int>) -> [UInt8]
  ) throws(TensorFileError) {
    let piece = 1 << 16
    for begin in stride(from: 0, to: count, by: piece) {
      let bytes = encode(begin..<min(begin + piece, count))
      let span = bytes.span
      try write(span.storedBytes, to: name)
    }
  }

  private func type(
    of name: String, from source: String, _ isAllowed: (ElementType) -> Bool
  ) throws(TensorFileError) -> ElementType {
    guard let type = places[Array(name.utf8)]?.declaration.type else { throw missing(name) }
    guard isAllowed(type) else {
      throw .notConvertible(file: file.path, tensor: name, from: source, to: type.rawValue)
    }
    return type
  }

  private func missing(_ name: String) -> TensorFileError {
    .noSuchTensor(
      file: file.path, tensor: name, present: places.values.map(\.declaration.name).sorted())
  }

  private func wrongByteCount(_ place: Place, excess: Int) -> TensorFileError {
    let tensor = place.declaration
    let expected = Shape.byteCount(tensor.shape, tensor.type) ?? 0
    return .wrongByteCount(
      file: file.path, tensor: tensor.name, shape: tensor.shape, type: tensor.type,
      expected: expected, found: expected - (place.end - place.position) + excess)
  }
}
