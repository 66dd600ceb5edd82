/// A step that changes a text before it is split.
indirect enum Normalizer: Sendable {
  /// A Unicode normalization form.
  case form(NormalizationForm)
  /// Puts a text before one that is not empty.
  case prepend([UInt8])
  /// Puts a text in the place of every match.
  case replace(Pattern, [UInt8])
  /// Makes every scalar lower case by itself.
  case lowercase
  /// One after another.
  case sequence([Normalizer])

  func apply(to text: inout AlignedText, _ matcher: inout PatternMatcher) {
    switch self {
    case .form(let form): form.apply(to: &text)
    case .prepend(let prefix): Normalizer.prepend(prefix, to: &text, 0..<text.count)
    case .replace(let pattern, let content):
      var replaced = AlignedText(like: text)
      Normalizer.replace(pattern, by: content, in: text, 0..<text.count, &matcher, into: &replaced)
      text = replaced
    case .lowercase: text = Normalizer.lowercased(text)
    case .sequence(let steps): for step in steps { step.apply(to: &text, &matcher) }
    }
  }

  /// Puts a text before a part, if that is not empty; it counts as coming from the first scalar there.
  private static func prepend(_ prefix: [UInt8], to text: inout AlignedText, _ range: Range<Int>) {
    guard !range.isEmpty else { return }
    var changed = AlignedText(like: text)
    changed.append(prefix, from: range.lowerBound, of: text)
    changed.append(range, of: text)
    text = changed
  }

  /// Appends a part of a text with every match replaced; what comes in its place counts as coming from
  /// the last scalar that was there.
  static func replace(
    _ pattern: Pattern, by content: [UInt8], in text: AlignedText, _ range: Range<Int>,
    _ matcher: inout PatternMatcher, into replaced: inout AlignedText
  ) {
    var kept = range.lowerBound
    matcher.matches(pattern, in: text.bytes.span, range) { match in
      replaced.append(kept..<match.lowerBound, of: text)
      replaced.append(
        content, from: match.upperBound > range.lowerBound ? match.upperBound - 1 : nil, of: text)
      kept = match.upperBound
    }
    replaced.append(kept..<range.upperBound, of: text)
  }

  private static func lowercased(_ text: AlignedText) -> AlignedText {
    var changed = AlignedText(like: text)
    let bytes = text.bytes.span
    var position = 0
    while position < bytes.count {
      let (value, length) = UTF8Scalar.decode(bytes, position)
      if let scalar = Unicode.Scalar(value) {
        changed.append(Array(scalar.properties.lowercaseMapping.utf8), from: position, of: text)
      }
      position += length
    }
    return changed
  }
}

extension PatternMatcher {
  /// Calls `body` with each match in a part of a text, from left to right, none of them overlapping.
  mutating func matches(
    _ pattern: borrowing Pattern, in bytes: Span<UInt8>, _ range: Range<Int>,
    _ body: (_ match: Range<Int>) -> Void
  ) {
    var position = range.lowerBound
    while position <= range.upperBound {
      guard let end = match(pattern, in: bytes, at: position, end: range.upperBound) else {
        guard position < range.upperBound else { return }
        position += UTF8Scalar.length(bytes[position])
        continue
      }
      body(position..<end)
      // After an empty match the next scalar is stepped over.
      if end > position {
        position = end
      } else {
        guard position < range.upperBound else { return }
        position += UTF8Scalar.length(bytes[position])
      }
    }
  }
}
