/// The letter that stands for each byte in byte-level vocabularies: the byte's own where it is printable in
/// Latin-1, for the others one after another from U+0100 on.
enum ByteLetters {
  static let letters: [Unicode.Scalar] = {
    var letters: [Unicode.Scalar] = []
    var next: UInt32 = 256
    for byte in UInt8.min...UInt8.max {
      let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
      if isPrintable {
        letters.append(Unicode.Scalar(byte))
      } else {
        letters.append(Unicode.Scalar(next) ?? "?")
        next += 1
      }
    }
    return letters
  }()

  /// The UTF-8 of each letter.
  static let encoded: [[UInt8]] = letters.map { Array(String($0).utf8) }

  private static let bytes = Dictionary(
    uniqueKeysWithValues: zip(letters, UInt8.min...UInt8.max))

  /// The bytes that a text's letters stand for; nil if one of them stands for none.
  static func bytes(of text: some Sequence<Unicode.Scalar>) -> [UInt8]? {
    var result: [UInt8] = []
    for letter in text {
      guard let byte = bytes[letter] else { return nil }
      result.append(byte)
    }
    return result
  }
}
