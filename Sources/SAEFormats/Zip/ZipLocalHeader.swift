/// The header in front of a member's data.
struct ZipLocalHeader {
  let begin: Int
  package let name: [UInt8]
  let data: Range<Int>

  private static let signature: UInt32 = 0x0403_4B50
  private static let fixedSize = 30

  /// Reads the header of a member, all of whose bytes lie before `end`.
  init(_ contents: FileBytes, _ entry: ZipEntry, before end: Int) throws(FileError) {
    let bytes = contents.bytes
    let part = "member \(quoted(entry.name))"
    begin = try ZipDirectory.range(
      entry.headerOffset, UInt64(ZipLocalHeader.fixedSize), before: end, part, contents.name
    ).lowerBound
    guard bytes.littleEndian(UInt32.self, at: begin) == ZipLocalHeader.signature else {
      throw .malformed(
        file: contents.name, offset: begin, expected: "the header of \(part)", found: "other bytes")
    }
    let nameLength = UInt64(bytes.littleEndian(UInt16.self, at: begin + 26))
    let extraLength = UInt64(bytes.littleEndian(UInt16.self, at: begin + 28))
    let nameStart = UInt64(begin + ZipLocalHeader.fixedSize)
    let nameRange = try ZipDirectory.range(nameStart, nameLength, before: end, part, contents.name)
    name = bytes.array(nameRange)
    data = try ZipDirectory.range(
      nameStart + nameLength + extraLength, entry.compressedSize, before: end, part, contents.name)
  }
}

enum ZipName {
  /// A member's name: UTF-8 if the archive says so, else the code page of the first PCs.
  static func decode(_ bytes: [UInt8], isUTF8: Bool) -> String? {
    if isUTF8 { return String(validating: bytes, as: UTF8.self) }
    var name = String.UnicodeScalarView()
    for byte in bytes {
      name.append(byte < 0x80 ? Unicode.Scalar(byte) : codePage437[Int(byte) - 0x80])
    }
    return String(name)
  }

  private static let codePage437 = Array(
    ("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧"
      + "╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}").unicodeScalars)
}
