/// A text as a tokenizer has taken it apart.
public struct TokenizedText: Sendable, Equatable {
  /// The tokens' ids.
  public private(set) var ids: [UInt32] = []
  /// The tokens as the vocabulary spells them; one that was found in the text itself as it stands there.
  public private(set) var tokens: [String] = []
  /// The Unicode scalars of the text that each token comes from; 0 ..< 0 for one that was added.
  public private(set) var offsets: [Range<Int>] = []

  init() {}

  mutating func append(_ id: UInt32, _ token: String, _ offset: Range<Int>) {
    ids.append(id)
    tokens.append(token)
    offsets.append(offset)
  }

  mutating func append(_ other: TokenizedText) {
    ids += other.ids
    tokens += other.tokens
    offsets += other.offsets
  }

  /// Takes white space at the ends of tokens off their offsets.
  ///
  /// - Parameter addsPrefixSpace: whether the first token's space may not be the text's.
  mutating func trimOffsets(addsPrefixSpace: Bool) {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar == "\u{120}" || scalar.properties.isWhitespace
    }
    for (index, token) in tokens.enumerated() {
      var leading = token.unicodeScalars.prefix(while: isSpace).count
      let trailing = token.unicodeScalars.reversed().prefix(while: isSpace).count
      var (begin, end) = (offsets[index].lowerBound, offsets[index].upperBound)
      if leading > 0 {
        if index == 0 || begin == 0, addsPrefixSpace { leading -= 1 }
        begin = min(begin + leading, end)
      }
      if trailing > 0, end >= trailing { end = max(end - trailing, begin) }
      offsets[index] = begin..<end
    }
  }
}
