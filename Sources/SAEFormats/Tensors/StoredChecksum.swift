/// A checksum of some bytes of a file that tensors lie in, compared when one of them is read as a whole:
/// what opens a file does not read its weights.
struct StoredChecksum: Sendable {
  let bytes: Range<Int>
  let expected: UInt32
  /// The member of an archive that the bytes are.
  let member: String

  /// - Throws: ``FileError`` if the bytes have another checksum.
  func check(_ contents: FileBytes) throws(FileError) {
    let found = CRC32.of(contents.bytes.extracting(bytes))
    guard found == expected else {
      throw .wrongChecksum(file: contents.name, member: member, expected: expected, found: found)
    }
  }
}
