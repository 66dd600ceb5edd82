/// Reads the dictionary in an npy header: Python's notation, of which only what NumPy writes there.
///
/// Nothing is evaluated; an expression is an error like any other text.
struct PythonLiteralReader {
  private let bytes: [UInt8]
  private let file: String
  private let array: String
  private let origin: Int
  private var position = 0

  struct Fields {
    var descr = ""
    var fortranOrder = false
    var shape: [Int] = []
  }

  init(_ bytes: [UInt8], file: String, array: String, origin: Int) {
    self.bytes = bytes
    self.file = file
    self.array = array
    self.origin = origin
  }

  /// The three fields, each of which must be there once, and nothing else.
  consuming func headerFields() throws(FileError) -> Fields {
    var fields = Fields()
    var missing: Set = ["descr", "fortran_order", "shape"]
    try expect("{", "a dictionary")
    while !accept("}") {
      let key = try string("a key in quotes")
      guard ["descr", "fortran_order", "shape"].contains(key) else {
        throw .unknownField(file: file, tensor: array, field: key)
      }
      guard missing.remove(key) != nil else { throw .duplicateName(file: file, name: key) }
      try expect(":", "\":\"")
      switch key {
      case "descr": fields.descr = try descr()
      case "fortran_order": fields.fortranOrder = try boolean()
      default: fields.shape = try tuple()
      }
      if !accept(",") {
        try expect("}", "\",\" or \"}\"")
        break
      }
    }
    skipWhitespace()
    if next != nil { throw unexpected("nothing after the dictionary") }
    if let field = missing.min() { throw .missingField(file: file, tensor: array, field: field) }
    return fields
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipWhitespace() {
    while let byte = next, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
  }

  private func unexpected(_ expected: String) -> FileError {
    .malformed(
      file: file, offset: origin + position, expected: expected,
      found: FileError.describe(next))
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipWhitespace()
    guard let byte = next, UInt32(byte) == character.value else { return false }
    position += 1
    return true
  }

  private mutating func expect(
    _ character: Unicode.Scalar, _ expected: String
  ) throws(FileError) {
    guard accept(character) else { throw unexpected(expected) }
  }

  /// A string in either quotes, without escapes, of which NumPy's headers have none.
  private mutating func string(_ expected: String) throws(FileError) -> String {
    skipWhitespace()
    guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw unexpected(expected)
    }
    position += 1
    let start = position
    while let byte = next, byte != quote {
      if byte == UInt8(ascii: "\\") { throw unexpected("no escape in a string") }
      position += 1
    }
    guard next != nil else { throw unexpected("the end of a string") }
    defer { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// A name of a type; the list that describes records is not one.
  private mutating func descr() throws(FileError) -> String {
    skipWhitespace()
    if next == UInt8(ascii: "[") {
      throw .unsupportedElementType(file: file, tensor: array, found: "a list of fields")
    }
    return try string("a name of an element type")
  }

  private mutating func boolean() throws(FileError) -> Bool {
    skipWhitespace()
    for (text, value) in [("True", true), ("False", false)]
    where bytes[position...].starts(with: text.utf8) {
      position += text.utf8.count
      return value
    }
    throw unexpected("True or False")
  }

  /// "()", "(3,)", "(3, 4)"; whole numbers may end in L, as Python 2 wrote them.
  private mutating func tuple() throws(FileError) -> [Int] {
    try expect("(", "a tuple of dimensions")
    var shape: [Int] = []
    while !accept(")") {
      guard shape.count < SafetensorsHeader.axisLimit else {
        throw unexpected("at most \(SafetensorsHeader.axisLimit) dimensions")
      }
      shape.append(try dimension())
      if !accept(",") {
        // Without a comma, parentheses around one number make no tuple.
        guard shape.count > 1 else { throw unexpected("\",\" after the only dimension") }
        try expect(")", "\",\" or \")\"")
        break
      }
    }
    return shape
  }

  private mutating func dimension() throws(FileError) -> Int {
    skipWhitespace()
    let start = position
    while let byte = next, PythonLiteralReader.numberCharacters.contains(byte) { position += 1 }
    guard position > start else { throw unexpected("a dimension") }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    let digits = text.hasSuffix("L") ? String(text.dropLast()) : text
    guard digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
      let value = Int(digits)
    else {
      throw .invalidDimension(file: file, tensor: array, found: String(text.prefix(40)))
    }
    return value
  }

  /// The characters of a number, whole or not.
  private static let numberCharacters = Set("+-.0123456789eEL".utf8)
}
