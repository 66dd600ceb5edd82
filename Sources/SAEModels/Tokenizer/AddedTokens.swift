/// Tokens that are found in the text itself, before it is split: beginnings, ends, and others that were
/// added to a vocabulary.
struct AddedTokens: Sendable {
  struct Token: Sendable {
    let id: UInt32
    /// UTF-8.
    let content: [UInt8]
    /// Whether it is left out where special tokens are.
    let isSpecial: Bool
    /// Whether it may not be a part of a word.
    let isWord: Bool
    /// Whether it takes the white space before it, and after it.
    let strips: (left: Bool, right: Bool)
  }

  /// A part of a text: a token, or what is no token.
  struct Part {
    let range: Range<Int>
    let token: UInt32?
  }

  private var tokens: [Token] = []
  private var contents = ByteTexts()
  /// The lengths of the tokens that begin with a byte, longest first.
  private var lengths = [[Int]](repeating: [], count: 256)

  var isEmpty: Bool { tokens.isEmpty }

  /// Adds a token. Of two of the same content the first counts.
  mutating func insert(_ token: Token) {
    guard let first = token.content.first, contents.insert(token.content).isNew else { return }
    tokens.append(token)
    let count = token.content.count
    guard !lengths[Int(first)].contains(count) else { return }
    lengths[Int(first)].append(count)
    lengths[Int(first)].sort(by: >)
  }

  /// The parts of a text, in order. The leftmost token counts, and of those that begin there the longest.
  func parts(of bytes: [UInt8], _ range: Range<Int>) -> [Part] {
    guard !isEmpty, !range.isEmpty else { return [Part(range: range, token: nil)] }
    var parts: [Part] = []
    var kept = range.lowerBound
    var position = range.lowerBound
    let span = bytes.span
    while position < range.upperBound {
      guard !lengths[Int(span[position])].isEmpty, let token = token(at: position, bytes, range)
      else {
        position &+= 1
        continue
      }
      let found = position..<position + token.content.count
      position = found.upperBound
      if token.isWord, !isWord(found, bytes, range) { continue }
      var (begin, end) = (found.lowerBound, found.upperBound)
      if token.strips.left {
        begin = max(AddedTokens.spaceBegin(bytes, range.lowerBound..<begin), kept)
      }
      if token.strips.right { end = AddedTokens.spaceEnd(bytes, end..<range.upperBound) }
      if kept < begin { parts.append(Part(range: kept..<begin, token: nil)) }
      parts.append(Part(range: begin..<end, token: token.id))
      kept = end
    }
    if kept < range.upperBound { parts.append(Part(range: kept..<range.upperBound, token: nil)) }
    return parts
  }

  private func token(at position: Int, _ bytes: [UInt8], _ range: Range<Int>) -> Token? {
    for length in lengths[Int(bytes[position])] where position + length <= range.upperBound {
      if let number = contents.find(bytes[position..<position + length]) { return tokens[number] }
    }
    return nil
  }

  private func isWord(_ found: Range<Int>, _ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    let word = ScalarSet(classes: ScalarClass.word)
    if found.lowerBound > range.lowerBound {
      let (value, _) = UTF8Scalar.last(bytes, range.lowerBound..<found.lowerBound)
      if word.contains(value) { return false }
    }
    if found.upperBound < range.upperBound {
      let (value, _) = UTF8Scalar.decode(bytes.span, found.upperBound)
      if word.contains(value) { return false }
    }
    return true
  }

  /// Where the white space begins that ends a range.
  private static func spaceBegin(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
    let space = ScalarSet(classes: ScalarClass.space)
    var end = range.upperBound
    while end > range.lowerBound {
      let (value, length) = UTF8Scalar.last(bytes, range.lowerBound..<end)
      guard space.contains(value) else { break }
      end -= length
    }
    return end
  }

  /// Where the white space ends that begins a range.
  private static func spaceEnd(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
    let space = ScalarSet(classes: ScalarClass.space)
    var begin = range.lowerBound
    while begin < range.upperBound {
      let (value, length) = UTF8Scalar.decode(bytes.span, begin)
      guard space.contains(value) else { break }
      begin += length
    }
    return begin
  }
}

extension UTF8Scalar {
  /// The last scalar of a range that is not empty, and its bytes.
  static func last(_ bytes: [UInt8], _ range: Range<Int>) -> (value: UInt32, length: Int) {
    var begin = range.upperBound - 1
    while begin > range.lowerBound, bytes[begin] & 0xC0 == 0x80 { begin -= 1 }
    return decode(bytes.span, begin)
  }
}
