/// The members of a PyTorch file: a pickle, and a storage for each number.
struct TorchArchive {
  let contents: FileBytes
  /// The pickle's bytes.
  let pickle: [UInt8]
  /// Whether elements have their highest byte first.
  let isBigEndian: Bool
  private let root: String
  private let storages: [[UInt8]: ZipArchive.Member]

  /// Bytes up to which a storage's checksum is compared at once.
  private static let smallStorage = 1 << 20
  /// Bytes of a pickle; those of the largest published files have some hundred kilobytes.
  private static let largestPickle = 1 << 28

  init(_ contents: FileBytes) throws(FileError) {
    self.contents = contents
    let archive = try ZipArchive(contents)
    let suffix = "/data.pkl"
    let pickles = archive.members.filter { $0.name.hasSuffix(suffix) }
    guard pickles.count == 1, let pickle = pickles.first else {
      throw .wrongContents(
        file: contents.name, expected: "a PyTorch file with one member data.pkl",
        found: pickles.isEmpty
          ? "none" : pickles.prefix(5).map { quoted($0.name) }.joined(separator: ", "))
    }
    root = String(pickle.name.dropLast(suffix.count))
    let prefix = root + "/"
    for member in archive.members where member.name.hasPrefix(prefix) {
      let name = member.name.dropFirst(prefix.count)
      guard name != "constants.pkl", !name.hasPrefix("code/") else {
        throw .wrongContents(
          file: contents.name, expected: "a dictionary of tensors",
          found: "a TorchScript program (\(quoted(member.name)))")
      }
    }
    isBigEndian = try TorchArchive.isBigEndian(archive, prefix)
    guard pickle.size <= TorchArchive.largestPickle else {
      throw .wrongMemberSize(
        file: contents.name, member: pickle.name, expected: TorchArchive.largestPickle,
        found: pickle.size)
    }
    let (bytes, range) = try archive.open(pickle)
    self.pickle = bytes.bytes.array(range)
    var storages: [[UInt8]: ZipArchive.Member] = [:]
    for member in archive.members { storages[Array(member.name.utf8)] = member }
    self.storages = storages
  }

  private static func isBigEndian(
    _ archive: ZipArchive, _ prefix: String
  ) throws(FileError) -> Bool {
    guard let member = archive.members.first(where: { $0.name == prefix + "byteorder" }) else {
      return false
    }
    let (contents, range) = try archive.open(member)
    let text = String(decoding: contents.bytes.array(range.prefix(20)), as: UTF8.self)
    switch text {
    case "little": return false
    case "big": return true
    default:
      throw .wrongContents(
        file: archive.contents.name, expected: "the byte order little or big",
        found: quoted(text))
    }
  }

  /// The pickle's name in messages.
  var pickleName: String { "\(contents.name), \(root)/data.pkl" }

  /// The elements of a key, which are a member of that name; nil if there is none.
  ///
  /// - Throws: ``FileError`` if they are not stored as they are, or are few and have another checksum.
  func storage(_ key: String) throws(FileError) -> StoredChecksum? {
    guard let member = storages[Array("\(root)/data/\(key)".utf8)] else { return nil }
    guard !member.isDeflated else {
      throw .wrongContents(
        file: contents.name, expected: "storages that are not compressed",
        found: "\(quoted(member.name)), deflated")
    }
    let checksum = StoredChecksum(
      bytes: member.data, expected: member.checksum, member: member.name)
    if member.data.count <= TorchArchive.smallStorage { try checksum.check(contents) }
    return checksum
  }
}
