/// SentencePiece's spaces: a mark stands in the place of every space, and before the text.
struct Metaspace: Sendable {
  /// Where the mark is put before a piece that does not begin with it.
  enum Prepending: String, CaseIterable {
    case always, first, never
  }

  let mark: Unicode.Scalar
  let prepending: Prepending
  /// Whether pieces end before every mark.
  let splits: Bool

  func apply(to split: inout SplitText, _ matcher: inout PatternMatcher) {
    let bytes = Array(String(mark).utf8)
    let space = Pattern(literal: " ")
    split.rebuild { piece, isAtStart, text, changed in
      let startsWithMark =
        text.bytes[piece].starts(with: bytes) || text.bytes[piece].first == UInt8(ascii: " ")
      let prepends =
        switch prepending {
        case .always: true
        case .first: isAtStart
        case .never: false
        }
      if prepends, !startsWithMark { changed.append(bytes, from: piece.lowerBound, of: text) }
      Normalizer.replace(space, by: bytes, in: text, piece, &matcher, into: &changed)
    }
    if splits {
      Splitter.split(
        &split, Pattern(literal: String(mark)), .mergedWithNext, false, &matcher)
    }
  }
}
