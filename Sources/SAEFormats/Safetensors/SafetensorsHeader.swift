/// The header of a safetensors file, checked in the order of the format's rules.
struct SafetensorsHeader {
  /// In the order of their data.
  var tensors: [StoredTensor] = []
  var metadata: [String: String] = [:]

  /// The reference implementation's limit for the header, in bytes.
  static let lengthLimit = 100_000_000

  /// NumPy's and PyTorch's limit for the axes of a tensor; more would only serve to fill memory.
  static let axisLimit = 64

  /// One tensor as written: shape and offsets may still be anything that is a list of numbers.
  private struct Entry {
    let name: String
    var type: String?
    var shape: [String]?
    var offsets: [String]?
  }

  init(_ contents: FileBytes) throws(FileError) {
    let bytes = contents.bytes
    let file = contents.name
    let text = try SafetensorsHeader.text(bytes, file: file)
    let entries = try parse(text, file: file)
    let dataStart = 8 + text.count
    for entry in entries {
      tensors.append(try SafetensorsHeader.check(entry, dataStart: dataStart, contents))
    }
    // Tensors without elements come before the one that begins where they stand.
    tensors.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
    }
    var end = dataStart
    for tensor in tensors {
      guard tensor.bytes.lowerBound == end else {
        throw .notContiguous(
          file: file, tensor: tensor.name, expectedBegin: end - dataStart,
          found: tensor.bytes.lowerBound - dataStart)
      }
      end = tensor.bytes.upperBound
    }
    guard end == bytes.byteCount else {
      throw .wrongDataLength(
        file: file, expected: end - dataStart, found: bytes.byteCount - dataStart)
    }
  }

  private static func text(_ bytes: RawSpan, file: String) throws(FileError) -> [UInt8] {
    guard bytes.byteCount >= 8 else {
      throw .tooShort(file: file, part: "length of the header", expected: 8, found: bytes.byteCount)
    }
    let length = bytes.littleEndian(UInt64.self, at: 0)
    guard length <= UInt64(lengthLimit) else {
      throw .headerTooLong(file: file, declared: length, limit: lengthLimit)
    }
    let available = bytes.byteCount - 8
    guard length <= UInt64(available) else {
      throw .tooShort(file: file, part: "header", expected: Int(length), found: available)
    }
    let text = bytes.array(8..<8 + Int(length))
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: text.span)
    } catch {
      throw .headerNotUTF8(file: file, offset: 8 + error.byteOffsets.lowerBound)
    }
    return text
  }

  private mutating func parse(
    _ text: [UInt8], file: String
  ) throws(FileError) -> [Entry] {
    var reader = JSONReader(text, file: file, origin: 8)
    guard reader.next == UInt8(ascii: "{") else { throw reader.unexpected("\"{\"") }
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    try reader.object { reader, key throws(FileError) in
      if key == "__metadata__" {
        try reader.object("an object of strings") { reader, key throws(FileError) in
          metadata[key] = try reader.string("a string as metadata")
        }
      } else {
        entries.append(try SafetensorsHeader.entry(key, &reader))
      }
    }
    while reader.next == UInt8(ascii: " ") { reader.position += 1 }
    if reader.next != nil { throw reader.unexpected("nothing but spaces after the header") }
    self.metadata = metadata
    return entries
  }

  private static func entry(
    _ name: String, _ reader: inout JSONReader
  ) throws(FileError) -> Entry {
    var entry = Entry(name: name)
    try reader.object("an object that describes a tensor") { reader, key throws(FileError) in
      switch key {
      case "dtype": entry.type = try reader.string("a name of an element type")
      case "shape": entry.shape = try numbers("a shape", &reader)
      case "data_offsets": entry.offsets = try numbers("two offsets", &reader)
      default: throw .unknownField(file: reader.file, tensor: name, field: key)
      }
    }
    return entry
  }

  private static func numbers(
    _ what: String, _ reader: inout JSONReader
  ) throws(FileError) -> [String] {
    var numbers: [String] = []
    try reader.array("an array: \(what)") { reader throws(FileError) in
      guard numbers.count < axisLimit else {
        throw reader.unexpected("at most \(axisLimit) numbers in \(what)")
      }
      numbers.append(try reader.number("a number in \(what)"))
    }
    return numbers
  }

  private static func check(
    _ entry: Entry, dataStart: Int, _ contents: FileBytes
  ) throws(FileError) -> StoredTensor {
    let name = entry.name
    let file = contents.name
    guard let typeName = entry.type else {
      throw .missingField(file: file, tensor: name, field: "dtype")
    }
    guard let shapeText = entry.shape else {
      throw .missingField(file: file, tensor: name, field: "shape")
    }
    guard let offsetsText = entry.offsets else {
      throw .missingField(file: file, tensor: name, field: "data_offsets")
    }
    guard let type = ElementType(rawValue: typeName) else {
      throw .unsupportedElementType(file: file, tensor: name, found: typeName)
    }
    var shape: [Int] = []
    for text in shapeText {
      guard let dimension = wholeNumber(text) else {
        throw .invalidDimension(file: file, tensor: name, found: String(text.prefix(40)))
      }
      shape.append(dimension)
    }
    guard let byteCount = TensorShape.byteCount(shape, type) else {
      throw .sizeOverflow(file: file, tensor: name, shape: shape, type: type)
    }
    let offsets = offsetsText.compactMap(wholeNumber)
    guard offsetsText.count == 2, offsets.count == 2, offsets[0] <= offsets[1],
      offsets[1] <= Int.max - dataStart
    else {
      throw .invalidOffsets(
        file: file, tensor: name, found: "[\(offsetsText.joined(separator: ",").prefix(80))]")
    }
    guard offsets[1] - offsets[0] == byteCount else {
      throw .wrongByteCount(
        file: file, tensor: name, shape: shape, type: type, expected: byteCount,
        found: offsets[1] - offsets[0])
    }
    return StoredTensor(
      name: name, type: type, shape: shape, contents: contents,
      bytes: dataStart + offsets[0]..<dataStart + offsets[1])
  }

  /// A number written with digits alone; "4.0", "4e0" and "-0" are none.
  private static func wholeNumber(_ text: String) -> Int? {
    guard text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      return nil
    }
    return Int(text)
  }
}
