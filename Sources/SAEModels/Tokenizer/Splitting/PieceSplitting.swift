/// A text and the pieces that it has been split into.
struct SplitText {
  var text: AlignedText
  var pieces: [Range<Int>]
  /// Whether the first piece begins where the original text does.
  var isAtStart: Bool
}

/// A step that splits every piece further; it may change them as well.
indirect enum Splitter: Sendable {
  case split(Pattern, SplitBehavior, isInverted: Bool)
  case digits(individually: Bool)
  case metaspace(Metaspace)
  case byteLevel(addsPrefixSpace: Bool, Pattern?)
  case sequence([Splitter])

  func apply(to split: inout SplitText, _ matcher: inout PatternMatcher) {
    switch self {
    case .sequence(let steps): for step in steps { step.apply(to: &split, &matcher) }
    case .split(let pattern, let behavior, let isInverted):
      Splitter.split(&split, pattern, behavior, isInverted, &matcher)
    case .digits(let individually):
      Splitter.split(
        &split, individually ? Splitter.digit : Splitter.digitRun, .isolated, false, &matcher)
    case .metaspace(let metaspace): metaspace.apply(to: &split, &matcher)
    case .byteLevel(let addsPrefixSpace, let pattern):
      if addsPrefixSpace { Splitter.addSpaces(&split) }
      if let pattern { Splitter.split(&split, pattern, .isolated, false, &matcher) }
    }
  }

  /// A number of any kind, as Rust's `is_numeric` has it.
  private static let digit = Splitter.pattern("\\p{N}")
  private static let digitRun = Splitter.pattern("\\p{N}+")
  /// GPT-2's.
  static let words = Splitter.pattern(
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#)
  /// Of words and of what is neither word nor space.
  static let wordsAndPunctuation = Splitter.pattern(#"\w+|[^\w\s]+"#)

  private static func pattern(_ text: String) -> Pattern {
    do { return try Pattern(text) } catch { fatalError("a pattern of our own: \(error)") }
  }

  static func split(
    _ split: inout SplitText, _ pattern: Pattern, _ behavior: SplitBehavior, _ isInverted: Bool,
    _ matcher: inout PatternMatcher
  ) {
    let begin = split.pieces.first?.lowerBound
    split.pieces = pieces(split, pattern, behavior, isInverted, &matcher)
    split.isAtStart = split.isAtStart && split.pieces.first?.lowerBound == begin
  }

  private static func pieces(
    _ split: SplitText, _ pattern: Pattern, _ behavior: SplitBehavior, _ isInverted: Bool,
    _ matcher: inout PatternMatcher
  ) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    pieces.reserveCapacity(split.text.count / 4)
    let bytes = split.text.bytes.span
    var parts: [(range: Range<Int>, isMatch: Bool)] = []
    for piece in split.pieces {
      if behavior == .isolated {
        // Whether a part is a match makes no difference.
        var kept = piece.lowerBound
        matcher.matches(pattern, in: bytes, piece) { match in
          if kept < match.lowerBound { pieces.append(kept..<match.lowerBound) }
          if !match.isEmpty { pieces.append(match) }
          kept = match.upperBound
        }
        if kept < piece.upperBound { pieces.append(kept..<piece.upperBound) }
        continue
      }
      parts.removeAll(keepingCapacity: true)
      var kept = piece.lowerBound
      matcher.matches(pattern, in: bytes, piece) { match in
        if kept < match.lowerBound { parts.append((kept..<match.lowerBound, isInverted)) }
        parts.append((match, !isInverted))
        kept = match.upperBound
      }
      if kept < piece.upperBound { parts.append((kept..<piece.upperBound, isInverted)) }
      behavior.append(parts, to: &pieces)
    }
    return pieces
  }

  /// Puts a space before each piece that has none.
  private static func addSpaces(_ split: inout SplitText) {
    let space = UInt8(ascii: " ")
    split.rebuild { piece, _, text, changed in
      if text.bytes[piece.lowerBound] != space {
        changed.append([space], from: piece.lowerBound, of: text)
      }
      changed.append(piece, of: text)
    }
  }
}

extension SplitText {
  /// Makes the text anew, piece by piece.
  mutating func rebuild(
    _ body: (
      _ piece: Range<Int>, _ isAtStart: Bool, _ text: AlignedText, _ changed: inout AlignedText
    ) -> Void
  ) {
    var changed = AlignedText(like: text)
    var rebuilt: [Range<Int>] = []
    rebuilt.reserveCapacity(pieces.count)
    for (index, piece) in pieces.enumerated() {
      let begin = changed.count
      body(piece, index == 0 && isAtStart, text, &changed)
      if changed.count > begin { rebuilt.append(begin..<changed.count) }
    }
    text = changed
    pieces = rebuilt
  }
}
