/// A member's entry in the central directory.
struct ZipEntry {
  let nameBytes: [UInt8]
  package let name: String
  let method: Int
  let isEncrypted: Bool
  let checksum: UInt32
  let compressedSize: UInt64
  let size: UInt64
  let headerOffset: UInt64

  /// Deflate cannot expand any bytes by more.
  private static let largestExpansion = 1032

  /// The member, if it can be read.
  func member(_ data: Range<Int>, file: String) throws(FileError) -> ZipArchive.Member {
    guard !isEncrypted else { throw .encrypted(file: file, member: name) }
    guard method == 0 || method == 8 else {
      throw .unsupportedCompression(file: file, member: name, method: method)
    }
    let declared = Int(clamping: size)
    if method == 0 && declared != data.count {
      throw .wrongMemberSize(file: file, member: name, expected: declared, found: data.count)
    }
    let (bound, overflow) = data.count.multipliedReportingOverflow(by: ZipEntry.largestExpansion)
    if !overflow && (declared == Int.max || declared - 64 > bound) {
      throw .implausibleMemberSize(
        file: file, member: name, compressed: data.count, declared: declared)
    }
    return ZipArchive.Member(
      name: name, isDeflated: method == 8, checksum: checksum, size: declared, data: data)
  }
}

/// Reads the entries of a central directory one after another.
struct ZipDirectoryReader {
  private let contents: FileBytes
  private let directory: Range<Int>
  private var position: Int

  private static let signature: UInt32 = 0x0201_4B50
  private static let fixedSize = 46

  init(_ contents: FileBytes, _ directory: ZipDirectory) {
    self.contents = contents
    self.directory = directory.range
    position = directory.range.lowerBound
  }

  /// The next entry; nil where the directory ends.
  mutating func next() throws(FileError) -> ZipEntry? {
    let left = directory.upperBound - position
    if left == 0 { return nil }
    let contents = contents
    let bytes = contents.bytes
    guard left >= ZipDirectoryReader.fixedSize else {
      throw .tooShort(
        file: contents.name, part: "entry of the zip directory",
        expected: ZipDirectoryReader.fixedSize, found: left)
    }
    guard bytes.littleEndian(UInt32.self, at: position) == ZipDirectoryReader.signature else {
      throw malformed("an entry of the zip directory", "other bytes")
    }
    let base = position
    func short(_ offset: Int) -> Int { Int(bytes.littleEndian(UInt16.self, at: base + offset)) }
    func word(_ offset: Int) -> UInt32 { bytes.littleEndian(UInt32.self, at: base + offset) }
    let (nameLength, extraLength, commentLength) = (short(28), short(30), short(32))
    let total = ZipDirectoryReader.fixedSize + nameLength + extraLength + commentLength
    guard left >= total else {
      throw .tooShort(
        file: contents.name, part: "entry of the zip directory", expected: total, found: left)
    }
    let nameStart = base + ZipDirectoryReader.fixedSize
    let nameBytes = bytes.array(nameStart..<nameStart + nameLength)
    let flags = short(8)
    guard let name = ZipName.decode(nameBytes, isUTF8: flags & 0x800 != 0) else {
      throw malformed("a member name in UTF-8", "something else")
    }
    var sizes = Zip64Sizes(size: word(24), compressedSize: word(20), headerOffset: word(42))
    let extra = nameStart + nameLength..<nameStart + nameLength + extraLength
    guard sizes.complete(from: bytes.extracting(extra)) else {
      throw malformed("a zip64 field with the sizes of \(quoted(name))", "none")
    }
    position += total
    return ZipEntry(
      nameBytes: nameBytes, name: name, method: short(10), isEncrypted: flags & 1 != 0,
      checksum: word(16), compressedSize: sizes.compressedSize, size: sizes.size,
      headerOffset: sizes.headerOffset)
  }

  private func malformed(_ expected: String, _ found: String) -> FileError {
    .malformed(file: contents.name, offset: position, expected: expected, found: found)
  }
}

/// Sizes of 32 bits, and those of 64 that take their place where all bits are set.
private struct Zip64Sizes {
  var size: UInt64
  var compressedSize: UInt64
  var headerOffset: UInt64
  private let isLong: (size: Bool, compressedSize: Bool, headerOffset: Bool)

  init(size: UInt32, compressedSize: UInt32, headerOffset: UInt32) {
    self.size = UInt64(size)
    self.compressedSize = UInt64(compressedSize)
    self.headerOffset = UInt64(headerOffset)
    isLong = (size == .max, compressedSize == .max, headerOffset == .max)
  }

  /// Takes the long sizes from the extra fields; false if one is needed and not there.
  mutating func complete(from extra: RawSpan) -> Bool {
    guard isLong.size || isLong.compressedSize || isLong.headerOffset else { return true }
    var field = 0
    while extra.byteCount - field >= 4 {
      let length = Int(extra.littleEndian(UInt16.self, at: field + 2))
      guard length <= extra.byteCount - field - 4 else { return false }
      if extra.littleEndian(UInt16.self, at: field) == 1 {
        return complete(fromField: extra.extracting(field + 4..<field + 4 + length))
      }
      field += 4 + length
    }
    return false
  }

  private mutating func complete(fromField field: RawSpan) -> Bool {
    var values: [UInt64] = []
    for offset in stride(from: 0, through: field.byteCount - 8, by: 8) {
      values.append(field.littleEndian(UInt64.self, at: offset))
    }
    let needed = [isLong.size, isLong.compressedSize, isLong.headerOffset].count { $0 }
    guard values.count >= needed else { return false }
    if isLong.size { size = values.removeFirst() }
    if isLong.compressedSize { compressedSize = values.removeFirst() }
    if isLong.headerOffset { headerOffset = values.removeFirst() }
    return true
  }
}
