/// Reads Thrift's compact protocol, as Parquet's metadata are written in.
///
/// Source: Apache Thrift, "Thrift compact protocol encoding".
struct ThriftReader {
  enum Kind: UInt8 {
    case yes = 1
    case no, byte, i16, i32, i64, double, binary, list, set, map, structure
  }

  /// A number of the field, and what it is.
  struct Field {
    let number: Int
    let kind: Kind
  }

  private let bytes: [UInt8]
  private let file: String
  /// Where the bytes begin in the file.
  private let origin: Int
  private(set) var position = 0
  private var depth = 0

  private static let depthLimit = 32

  init(_ bytes: [UInt8], file: String, origin: Int) {
    self.bytes = bytes
    self.file = file
    self.origin = origin
  }

  func malformed(_ expected: String, _ found: String) -> FileError {
    .malformed(file: file, offset: origin + position, expected: expected, found: found)
  }

  private mutating func byte() throws(FileError) -> UInt8 {
    guard position < bytes.count else { throw malformed("more metadata", "the end") }
    position += 1
    return bytes[position - 1]
  }

  private mutating func varint() throws(FileError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      let byte = try byte()
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw malformed("a number of at most ten bytes", "a longer one")
  }

  /// A whole number of 16 to 64 bits.
  mutating func integer(_ field: Field) throws(FileError) -> Int {
    guard [.i16, .i32, .i64].contains(field.kind) else {
      throw malformed("a whole number", "\(field.kind)")
    }
    let value = try varint()
    return Int(Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1))
  }

  mutating func bool(_ field: Field) throws(FileError) -> Bool {
    guard field.kind == .yes || field.kind == .no else {
      throw malformed("true or false", "\(field.kind)")
    }
    return field.kind == .yes
  }

  mutating func string(_ field: Field) throws(FileError) -> String {
    guard field.kind == .binary else { throw malformed("a text", "\(field.kind)") }
    return String(decoding: bytes[try binary()], as: UTF8.self)
  }

  private mutating func binary() throws(FileError) -> Range<Int> {
    let count = try varint()
    guard count <= bytes.count - position else { throw malformed("\(count) bytes", "the end") }
    position += Int(count)
    return position - Int(count)..<position
  }

  /// Reads a structure; `body` reads the value of each field, or skips it.
  mutating func structure(
    _ body: (_ reader: inout ThriftReader, _ field: Field) throws(FileError) -> Void
  ) throws(FileError) {
    depth += 1
    guard depth <= ThriftReader.depthLimit else { throw malformed("fewer levels", "more") }
    var number = 0
    while true {
      let head = try byte()
      if head == 0 { break }
      guard let kind = Kind(rawValue: head & 15) else {
        throw malformed("the kind of a field", "\(head & 15)")
      }
      if head >> 4 > 0 {
        number &+= Int(head >> 4)
      } else {
        number = try integer(Field(number: 0, kind: .i16))
      }
      try body(&self, Field(number: number, kind: kind))
    }
    depth -= 1
  }

  mutating func structure(
    _ field: Field,
    _ body: (_ reader: inout ThriftReader, _ field: Field) throws(FileError) -> Void
  ) throws(FileError) {
    guard field.kind == .structure else { throw malformed("a structure", "\(field.kind)") }
    try structure(body)
  }

  /// Reads a list; `element` reads each of its elements.
  mutating func list(
    _ field: Field,
    _ element: (_ reader: inout ThriftReader, _ field: Field) throws(FileError) -> Void
  ) throws(FileError) {
    guard field.kind == .list || field.kind == .set else {
      throw malformed("a list", "\(field.kind)")
    }
    let head = try byte()
    let count = head >> 4 == 15 ? try varint() : UInt64(head >> 4)
    guard let kind = Kind(rawValue: head & 15) else {
      throw malformed("the kind of elements", "\(head & 15)")
    }
    // An element takes a byte at least.
    guard count <= bytes.count - position else { throw malformed("\(count) elements", "the end") }
    for _ in 0..<count { try element(&self, Field(number: 0, kind: kind)) }
  }

  mutating func skip(_ field: Field, inList: Bool = false) throws(FileError) {
    switch field.kind {
    case .yes, .no: if inList { _ = try byte() }
    case .byte: _ = try byte()
    case .i16, .i32, .i64: _ = try varint()
    case .double: for _ in 0..<8 { _ = try byte() }
    case .binary: _ = try binary()
    case .list, .set:
      depth += 1
      guard depth <= ThriftReader.depthLimit else { throw malformed("fewer levels", "more") }
      try list(field) { reader, element throws(FileError) in
        try reader.skip(element, inList: true)
      }
      depth -= 1
    case .map:
      let count = try varint()
      guard count > 0 else { return }
      let kinds = try byte()
      guard let key = Kind(rawValue: kinds >> 4), let value = Kind(rawValue: kinds & 15),
        count <= bytes.count - position
      else { throw malformed("a map", "another") }
      depth += 1
      guard depth <= ThriftReader.depthLimit else { throw malformed("fewer levels", "more") }
      for _ in 0..<count {
        try skip(Field(number: 0, kind: key), inList: true)
        try skip(Field(number: 0, kind: value), inList: true)
      }
      depth -= 1
    case .structure:
      try structure { reader, inner throws(FileError) in try reader.skip(inner) }
    }
  }
}
