/// The members of a zip archive, checked against the file as far as its directory goes.
///
/// Sizes and checksums come from the central directory; local headers are looked at only for where
/// the data begins, because streaming writers leave the rest of them empty.
///
/// Source: PKWARE, APPNOTE.TXT 6.3, sections 4.3 and 4.5.3.
struct ZipArchive {
  let contents: FileBytes
  /// In the order of the directory; names are keys, never paths.
  private(set) var members: [Member] = []

  struct Member {
    let name: String
    let isDeflated: Bool
    let checksum: UInt32
    /// Size when decompressed.
    let size: Int
    /// Where the bytes as stored lie.
    var data: Range<Int>
  }

  init(_ contents: FileBytes) throws(FileError) {
    self.contents = contents
    let directory = try ZipDirectory(contents)
    var reader = ZipDirectoryReader(contents, directory)
    var entries: [ZipEntry] = []
    while let entry = try reader.next() { entries.append(entry) }
    guard UInt64(entries.count) == directory.count else {
      throw .wrongMemberCount(
        file: contents.name, expected: directory.count, found: entries.count)
    }
    try locate(entries, before: directory.range.lowerBound)
  }

  /// Finds each member's data and checks that no two share a byte or a name.
  private mutating func locate(
    _ entries: [ZipEntry], before end: Int
  ) throws(FileError) {
    var places: [(entry: ZipEntry, header: ZipLocalHeader)] = []
    for entry in entries {
      let header = try ZipLocalHeader(contents, entry, before: end)
      places.append((entry, header))
      members.append(try entry.member(header.data, file: contents.name))
    }
    let sorted = places.sorted { $0.header.begin < $1.header.begin }
    for (first, second) in zip(sorted, sorted.dropFirst())
    where second.header.begin < first.header.data.upperBound {
      throw .overlappingMembers(
        file: contents.name, first: first.entry.name, second: second.entry.name)
    }
    var names: Set<[UInt8]> = []
    for (entry, header) in places {
      guard header.name == entry.nameBytes else {
        throw .malformed(
          file: contents.name, offset: header.begin, expected: "the member \(quoted(entry.name))",
          found: "one with another name")
      }
      guard names.insert(entry.nameBytes).inserted else {
        throw .duplicateName(file: contents.name, name: entry.name)
      }
    }
  }

  /// A member's bytes: in place if they are stored, in memory if they had to be decompressed.
  ///
  /// - Throws: ``FileError`` if they are broken, or not those of which the checksum was taken.
  func open(_ member: Member) throws(FileError) -> (contents: FileBytes, range: Range<Int>) {
    let stored = contents.bytes.extracting(member.data)
    guard member.isDeflated else {
      try check(CRC32.of(stored), member)
      return (contents, member.data)
    }
    let bytes: [UInt8]
    do throws(DeflateError) {
      bytes = try Inflate.inflate(contents.bytes.array(member.data), limit: member.size)
    } catch .tooLong {
      throw .implausibleMemberSize(
        file: contents.name, member: member.name, compressed: member.data.count,
        declared: member.size)
    } catch {
      throw .corruptMember(
        file: contents.name, member: member.name, reason: error.description)
    }
    guard bytes.count == member.size else {
      throw .wrongMemberSize(
        file: contents.name, member: member.name, expected: member.size, found: bytes.count)
    }
    let memory = FileBytes(bytes, name: contents.name)
    try check(CRC32.of(memory.bytes), member)
    return (memory, 0..<memory.count)
  }

  private func check(_ checksum: UInt32, _ member: Member) throws(FileError) {
    guard checksum == member.checksum else {
      throw .wrongChecksum(
        file: contents.name, member: member.name, expected: member.checksum, found: checksum)
    }
  }
}

extension DeflateError: CustomStringConvertible {
  var description: String {
    switch self {
    case .truncated: "the data ends too early"
    case .reservedBlockType: "a block of the reserved type"
    case .storedLengthMismatch: "two lengths of a stored block that disagree"
    case .tooManySymbols: "a block with too many symbols"
    case .overSubscribedCode: "a code with more words than fit"
    case .incompleteCode: "a code with unused words"
    case .noEndOfBlock: "a block without an end"
    case .repeatWithoutLength: "a repetition of nothing"
    case .tooManyLengths: "more code lengths than symbols"
    case .invalidSymbol: "a symbol without meaning"
    case .distanceTooFar: "a reference to before the beginning"
    case .bytesAfterEnd: "bytes after the last block"
    case .tooLong: "more bytes than declared"
    }
  }
}
