/// Names of files and folders as the system has them: bytes, which need not be UTF-8.
public enum FileName {
  /// The names in a folder, sorted.
  ///
  /// - Parameters:
  ///   - folder: its path.
  ///   - isWanted: which of them count; their bytes.
  /// - Throws: ``FileError`` if the folder cannot be listed, or one that counts is not UTF-8: as
  ///   text it would be another name.
  public static func list(
    _ folder: String, where isWanted: (_ name: [UInt8]) -> Bool = { _ in true }
  ) throws(FileError) -> [String] {
    var names: [String] = []
    for bytes in try DirectoryHandle(folder).names() where isWanted(bytes) {
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw .nameNotUTF8(folder: folder, name: bytes)
      }
      names.append(name)
    }
    return names.sorted()
  }

  /// Some of a folder's names, for messages that say what is there instead.
  public static func shown(in folder: String) -> [String] {
    let names = (try? DirectoryHandle(folder).names()) ?? []
    return Array(names.map { String(quoted($0).dropFirst().dropLast()) }.sorted().prefix(10))
  }

  /// Whether a name ends in a way.
  public static func ends(_ name: [UInt8], in suffix: String) -> Bool {
    name.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
  }

  /// A name in quotes, for messages: bytes that are not UTF-8 as `\xE9`, control characters escaped.
  public static func quoted(_ bytes: some Collection<UInt8>) -> String {
    var parser = Unicode.UTF8.ForwardParser()
    var source = bytes.makeIterator()
    var rest = bytes[...]
    var text = ""
    while true {
      switch parser.parseScalar(from: &source) {
      case .emptyInput: return "\"\(text)\""
      case .valid(let encoded):
        text += Unicode.UTF8.decode(encoded).escaped(asASCII: false)
        rest = rest.dropFirst(encoded.count)
      case .error(let length):
        for byte in rest.prefix(length) {
          text += "\\x" + String(byte, radix: 16, uppercase: true)
        }
        rest = rest.dropFirst(length)
      }
    }
  }
}
