/// The place of a zip archive's central directory, from the records at the end of the file.
struct ZipDirectory {
  let range: Range<Int>
  let count: UInt64

  private static let endSize = 22
  private static let endSignature: UInt32 = 0x0605_4B50
  private static let locatorSize = 20
  private static let locatorSignature: UInt32 = 0x0706_4B50
  private static let zip64Size = 56
  private static let zip64Signature: UInt32 = 0x0606_4B50

  init(_ contents: FileBytes) throws(FileError) {
    let bytes = contents.bytes
    let file = contents.name
    guard let end = ZipDirectory.end(bytes) else {
      throw .malformed(
        file: file, offset: bytes.byteCount, expected: "a zip end record that closes the file",
        found: "none")
    }
    let short = (
      disks: bytes.littleEndian(UInt32.self, at: end + 4),
      here: bytes.littleEndian(UInt16.self, at: end + 8),
      count: bytes.littleEndian(UInt16.self, at: end + 10),
      size: bytes.littleEndian(UInt32.self, at: end + 12),
      offset: bytes.littleEndian(UInt32.self, at: end + 16)
    )
    var here = UInt64(short.here)
    var (count, size, offset) = (UInt64(short.count), UInt64(short.size), UInt64(short.offset))
    var limit = end
    let isLong =
      short.count == .max || short.here == .max || short.size == .max || short.offset == .max
    // PyTorch writes the long record even where the short one has room for all.
    let isFollowed = offset + size != UInt64(end) && ZipDirectory.hasLocator(bytes, before: end)
    if isLong || isFollowed {
      let record = try ZipDirectory.zip64(bytes, before: end, file)
      guard isLong || (count, size, offset) == ZipDirectory.long(bytes, at: record) else {
        throw .malformed(
          file: file, offset: record, expected: "two end records that agree", found: "others")
      }
      here = bytes.littleEndian(UInt64.self, at: record + 24)
      (count, size, offset) = ZipDirectory.long(bytes, at: record)
      limit = record
    } else if short.disks != 0 {
      throw .malformed(
        file: file, offset: end + 4, expected: "an archive in one piece", found: "one of several")
    }
    guard here == count else {
      throw .malformed(
        file: file, offset: end + 8, expected: "an archive in one piece", found: "one of several")
    }
    range = try ZipDirectory.range(offset, size, before: limit, "zip directory", file)
    guard range.upperBound == limit else {
      throw .malformed(
        file: file, offset: range.upperBound, expected: "the end records after the directory",
        found: "other bytes")
    }
    self.count = count
  }

  /// The last end record whose comment reaches the end of the file exactly.
  private static func end(_ bytes: RawSpan) -> Int? {
    let last = bytes.byteCount - endSize
    guard last >= 0 else { return nil }
    return (max(0, last - 0xFFFF)...last).last { offset in
      bytes.littleEndian(UInt32.self, at: offset) == endSignature
        && Int(bytes.littleEndian(UInt16.self, at: offset + 20)) == last - offset
    }
  }

  /// Members, and the size and the place of the directory, of a zip64 end record.
  private static func long(_ bytes: RawSpan, at record: Int) -> (UInt64, UInt64, UInt64) {
    func number(_ offset: Int) -> UInt64 { bytes.littleEndian(UInt64.self, at: record + offset) }
    return (number(32), number(40), number(48))
  }

  private static func hasLocator(_ bytes: RawSpan, before end: Int) -> Bool {
    let locator = end - locatorSize
    return locator >= 0 && bytes.littleEndian(UInt32.self, at: locator) == locatorSignature
  }

  private static func zip64(
    _ bytes: RawSpan, before end: Int, _ file: String
  ) throws(FileError) -> Int {
    let locator = end - locatorSize
    guard hasLocator(bytes, before: end) else {
      throw .malformed(
        file: file, offset: max(locator, 0), expected: "a zip64 locator", found: "none")
    }
    let offset = bytes.littleEndian(UInt64.self, at: locator + 8)
    let part = "zip64 end record"
    let record = try range(offset, UInt64(zip64Size), before: locator, part, file).lowerBound
    guard bytes.littleEndian(UInt32.self, at: record) == zip64Signature else {
      throw .malformed(file: file, offset: record, expected: "a \(part)", found: "none")
    }
    // The size field does not count itself and the signature.
    let size = bytes.littleEndian(UInt64.self, at: record + 4)
    guard size == UInt64(locator - record - 12) else {
      throw .malformed(
        file: file, offset: record + 4,
        expected: "a \(part) of \(locator - record - 12) bytes", found: "\(size)")
    }
    return record
  }

  /// A range of the file, if it ends at `end` or before.
  static func range(
    _ offset: UInt64, _ length: UInt64, before end: Int, _ part: String, _ file: String
  ) throws(FileError) -> Range<Int> {
    guard offset <= UInt64(end), length <= UInt64(end) - offset else {
      throw .outside(file: file, part: part, offset: offset, length: length, end: end)
    }
    return Int(offset)..<Int(offset + length)
  }
}
