/// A step that turns the texts of tokens into text.
indirect enum TokenDecoder: Sendable {
  /// Letters become the bytes that they stand for.
  case byteLevel
  /// <0x0A> and the like become bytes, together with their neighbors.
  case byteFallback
  /// All become one.
  case fuse
  case replace(Pattern, [UInt8])
  /// Takes a character off both ends of every text, so many times at most.
  case strip(Unicode.Scalar, start: Int, end: Int)
  /// Marks become spaces.
  case metaspace(Metaspace)
  case sequence([TokenDecoder])

  func apply(to texts: [[UInt8]], _ matcher: inout PatternMatcher) -> [[UInt8]] {
    switch self {
    case .sequence(let steps):
      return steps.reduce(texts) { $1.apply(to: $0, &matcher) }
    case .fuse: return [Array(texts.joined())]
    case .byteLevel: return [TokenDecoder.byteLevel(texts)]
    case .byteFallback: return TokenDecoder.byteFallback(texts)
    case .replace(let pattern, let content):
      return texts.map { TokenDecoder.replace(pattern, content, in: $0, &matcher) }
    case .strip(let scalar, let start, let end):
      return texts.map { TokenDecoder.strip(scalar, start, end, $0) }
    case .metaspace(let metaspace):
      return texts.enumerated().map { index, text in
        let drops = index == 0 && metaspace.prepending != .never
        return String(decoding: text, as: UTF8.self).unicodeScalars.flatMap { scalar -> [UInt8] in
          guard scalar == metaspace.mark else { return Array(String(scalar).utf8) }
          return drops ? [] : [UInt8(ascii: " ")]
        }
      }
    }
  }

  /// Bytes that are not UTF-8 become replacement characters.
  private static func repaired(_ bytes: [UInt8]) -> [UInt8] {
    Array(String(decoding: bytes, as: UTF8.self).utf8)
  }

  private static func byteLevel(_ texts: [[UInt8]]) -> [UInt8] {
    repaired(
      texts.flatMap { text in
        ByteLetters.bytes(of: String(decoding: text, as: UTF8.self).unicodeScalars) ?? text
      })
  }

  /// The byte that a text such as <0x0A> stands for.
  static func fallbackByte(_ text: [UInt8]) -> UInt8? {
    guard text.count == 6, text.starts(with: "<0x".utf8), text[5] == UInt8(ascii: ">") else {
      return nil
    }
    return UInt8(String(decoding: text[3..<5], as: UTF8.self), radix: 16)
  }

  private static func byteFallback(_ texts: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var pending: [UInt8] = []
    func flush() {
      guard !pending.isEmpty else { return }
      if String(validating: pending, as: UTF8.self) != nil {
        result.append(pending)
      } else {
        for _ in pending { result.append(Array("\u{FFFD}".utf8)) }
      }
      pending = []
    }
    for text in texts {
      if let byte = fallbackByte(text) {
        pending.append(byte)
      } else {
        flush()
        result.append(text)
      }
    }
    flush()
    return result
  }

  private static func replace(
    _ pattern: Pattern, _ content: [UInt8], in text: [UInt8], _ matcher: inout PatternMatcher
  ) -> [UInt8] {
    let source = AlignedText(text[...], from: nil)
    var result = AlignedText(like: source)
    Normalizer.replace(pattern, by: content, in: source, 0..<text.count, &matcher, into: &result)
    return result.bytes
  }

  private static func strip(
    _ scalar: Unicode.Scalar, _ start: Int, _ end: Int, _ text: [UInt8]
  ) -> [UInt8] {
    var scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)[...]
    var count = 0
    while count < start, scalars.first == scalar {
      scalars = scalars.dropFirst()
      count += 1
    }
    count = 0
    while count < end, scalars.last == scalar {
      scalars = scalars.dropLast()
      count += 1
    }
    return Array(String(String.UnicodeScalarView(scalars)).utf8)
  }
}
