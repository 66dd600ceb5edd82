extension JSONReader {
  /// Reads a string and decodes its escapes.
  ///
  /// A surrogate without its partner is an error, as are control characters and broken UTF-8.
  package mutating func string(_ expected: String = "a string") throws(FileError) -> String {
    try expect("\"", expected)
    var decoded: [UInt8] = []
    while true {
      guard let byte = next else { throw unexpected("the end of a string") }
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: decoded, as: UTF8.self) else {
          throw unexpected("UTF-8 in the string that ends here")
        }
        position += 1
        return text
      case UInt8(ascii: "\\"): try escape(into: &decoded)
      case 0..<0x20: throw unexpected("no control character in a string")
      default:
        decoded.append(byte)
        position += 1
      }
    }
  }

  private mutating func escape(into decoded: inout [UInt8]) throws(FileError) {
    position += 1
    let scalar: Unicode.Scalar
    switch next {
    case UInt8(ascii: "\""): scalar = "\""
    case UInt8(ascii: "\\"): scalar = "\\"
    case UInt8(ascii: "/"): scalar = "/"
    case UInt8(ascii: "b"): scalar = "\u{8}"
    case UInt8(ascii: "f"): scalar = "\u{C}"
    case UInt8(ascii: "n"): scalar = "\n"
    case UInt8(ascii: "r"): scalar = "\r"
    case UInt8(ascii: "t"): scalar = "\t"
    case UInt8(ascii: "u"):
      position += 1
      decoded.append(contentsOf: UTF8.encode(try escapedScalar()) ?? .init())
      return
    default: throw unexpected("an escape")
    }
    position += 1
    decoded.append(contentsOf: UTF8.encode(scalar) ?? .init())
  }

  /// The scalar after `\u`: four digits, or a pair of surrogates of four digits each.
  private mutating func escapedScalar() throws(FileError) -> Unicode.Scalar {
    let start = position
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if UTF16.isLeadSurrogate(first), next == UInt8(ascii: "\\") {
      position += 1
      if next == UInt8(ascii: "u") {
        position += 1
        let second = try hexadecimal()
        if UTF16.isTrailSurrogate(second) {
          let pair = (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00) + 0x10000
          if let scalar = Unicode.Scalar(pair) { return scalar }
        }
      }
    }
    throw .malformed(
      file: file, offset: origin + start, expected: "a pair of surrogates",
      found: "a lone surrogate")
  }

  private mutating func hexadecimal() throws(FileError) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected("four hexadecimal digits")
      }
      value = value << 4 | UInt16(digit)
      position += 1
    }
    return value
  }
}
