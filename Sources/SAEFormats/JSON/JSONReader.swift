/// Reads JSON (RFC 8259) from front to back, strictly, in constant depth of the caller's choosing.
///
/// It never looks further than the next token and recurses nowhere, so that the caller decides at each
/// place which token may stand there; any other token is an error with its offset. Keys that occur twice
/// in an object are errors.
package struct JSONReader {
  let bytes: [UInt8]
  let file: String
  /// Where the text begins in the file, for messages.
  let origin: Int
  var position = 0

  package init(_ bytes: [UInt8], file: String, origin: Int = 0) {
    self.bytes = bytes
    self.file = file
    self.origin = origin
  }

  package var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  package mutating func skipWhitespace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  /// The error that something else than `expected` stands at the present position.
  package func unexpected(_ expected: String) -> FileError {
    .malformed(
      file: file, offset: origin + position, expected: expected,
      found: FileError.describe(next))
  }

  /// Steps over one punctuation character and the white space before it.
  mutating func expect(_ character: Unicode.Scalar, _ expected: String) throws(FileError) {
    skipWhitespace()
    guard let byte = next, UInt32(byte) == character.value else { throw unexpected(expected) }
    position += 1
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipWhitespace()
    guard let byte = next, UInt32(byte) == character.value else { return false }
    position += 1
    return true
  }

  /// Reads an object; `member` is called after each key and reads that key's value.
  package mutating func object(
    _ expected: String = "an object",
    _ member: (_ reader: inout JSONReader, _ key: String) throws(FileError) -> Void
  ) throws(FileError) {
    try expect("{", expected)
    if accept("}") { return }
    var keys: Set<[UInt8]> = []
    repeat {
      let key = try string("a key in quotes")
      // As bytes: two spellings of an accented letter are two keys, though equal as `String`s.
      guard keys.insert(Array(key.utf8)).inserted else {
        throw .duplicateName(file: file, name: key)
      }
      try expect(":", "\":\"")
      try member(&self, key)
    } while accept(",")
    try expect("}", "\",\" or \"}\"")
  }

  /// Reads an array; `element` is called for each value and reads it.
  package mutating func array(
    _ expected: String = "an array",
    _ element: (_ reader: inout JSONReader) throws(FileError) -> Void
  ) throws(FileError) {
    try expect("[", expected)
    if accept("]") { return }
    repeat { try element(&self) } while accept(",")
    try expect("]", "\",\" or \"]\"")
  }

  /// Reads a number and returns it as it is written.
  package mutating func number(_ expected: String = "a number") throws(FileError) -> String {
    skipWhitespace()
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    if next == UInt8(ascii: "0") {
      position += 1
    } else {
      try digits(expected)
    }
    if next == UInt8(ascii: ".") {
      position += 1
      try digits("a digit")
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      try digits("a digit")
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func digits(_ expected: String) throws(FileError) {
    guard isDigit else { throw unexpected(expected) }
    while isDigit { position += 1 }
  }

  private var isDigit: Bool {
    guard let byte = next else { return false }
    return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  /// Checks that nothing but white space is left.
  package mutating func end() throws(FileError) {
    skipWhitespace()
    if next != nil { throw unexpected("the end") }
  }
}
