/// The bytes of a pickle, read one piece after another.
struct PickleCursor {
  /// The pickle's name in messages.
  let file: String
  private let bytes: [UInt8]
  private var position = 0
  /// Where the instruction that is being read begins.
  private var start = 0

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// Bytes that were not read.
  var left: Int { bytes.count - position }

  /// The code of the next instruction.
  mutating func instruction() throws(FileError) -> UInt8 {
    start = position
    return try byte()
  }

  /// An error at the instruction that is being read.
  func refusal(_ expected: String, _ found: String) -> FileError {
    .malformed(file: file, offset: start, expected: expected, found: found)
  }

  private mutating func take(_ count: Int) throws(FileError) -> Range<Int> {
    guard count <= left else {
      throw .tooShort(
        file: file, part: "instruction at byte \(start)", expected: count,
        found: left)
    }
    defer { position += count }
    return position..<position + count
  }

  mutating func byte() throws(FileError) -> UInt8 { bytes[try take(1).lowerBound] }

  mutating func littleEndian<Value: FixedWidthInteger>(
    _: Value.Type
  ) throws(FileError) -> Value {
    var value: Value = 0
    for index in try take(MemoryLayout<Value>.size).reversed() {
      value = value << 8 | Value(bytes[index])
    }
    return value
  }

  mutating func text(_ length: Int) throws(FileError) -> String {
    guard let text = String(validating: bytes[try take(length)], as: UTF8.self) else {
      throw refusal("text in UTF-8", "other bytes")
    }
    return text
  }

  /// Two's complement of up to 8 bytes.
  mutating func long() throws(FileError) -> Int {
    let length = Int(try byte())
    let range = try take(length)
    guard length <= 8 else {
      throw refusal("a whole number of 64 bits", "one of \(length) bytes")
    }
    var value = bytes[range].last.map { $0 >= 0x80 } == true ? -1 : 0
    for index in range.reversed() { value = value << 8 | Int(bytes[index]) }
    return value
  }

  /// A line of a name, in ASCII.
  mutating func line() throws(FileError) -> String {
    guard let end = bytes[position...].firstIndex(of: 0x0A) else {
      throw refusal("the end of a name", "the end of the pickle")
    }
    let name = bytes[position..<end]
    guard name.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
      throw refusal("a name in ASCII", "other bytes")
    }
    position = end + 1
    return String(decoding: name, as: UTF8.self)
  }
}
