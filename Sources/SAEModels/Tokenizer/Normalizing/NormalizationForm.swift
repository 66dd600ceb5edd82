/// A normalization form of Unicode Standard Annex 15, which keeps the place that every scalar comes from.
enum NormalizationForm: String, Sendable, CaseIterable {
  case nfc = "NFC"
  case nfd = "NFD"
  case nfkc = "NFKC"
  case nfkd = "NFKD"

  private var isCompatible: Bool { self == .nfkc || self == .nfkd }
  private var composes: Bool { self == .nfc || self == .nfkc }

  /// All scalars below this are what they are in the form, alone and beside each other.
  private var firstChanged: UInt32 {
    switch self {
    case .nfc: 0x300
    case .nfd: 0xC0
    case .nfkc, .nfkd: 0xA0
    }
  }

  func apply(to text: inout AlignedText) {
    if let changed = changed(text) { text = changed }
  }

  /// The text in this form; nil where it is in it already.
  private func changed(_ text: AlignedText) -> AlignedText? {
    // A byte of this value begins the first scalar that may change, or a later one.
    let first: UInt8 = firstChanged == 0x300 ? 0xCC : firstChanged == 0xC0 ? 0xC3 : 0xC2
    guard text.bytes.contains(where: { $0 >= first }) else { return nil }
    let data = NormalizationData.of(isCompatible)
    var changed = AlignedText(like: text)
    let bytes = text.bytes.span
    var position = 0
    var kept = 0
    while position < bytes.count {
      // A run begins at a scalar that nothing before it can touch.
      let begin = position
      var isPlain = true
      var isFirst = true
      while position < bytes.count {
        let (value, length) = UTF8Scalar.decode(bytes, position)
        let isInert = value < firstChanged || data.isInert(value)
        if isInert, !isFirst { break }
        if !isInert { isPlain = false }
        isFirst = false
        position += length
      }
      // A plain scalar may yet be composed with what follows, so it belongs to the run.
      if isPlain { continue }
      changed.append(kept..<begin, of: text)
      rewrite(text, begin..<position, data, into: &changed)
      kept = position
    }
    guard changed.count > 0 || kept > 0 else { return nil }
    changed.append(kept..<bytes.count, of: text)
    return changed
  }

  /// A scalar of a run.
  private struct Part {
    var scalar: Unicode.Scalar
    /// 1 where it is one more than the original has, 0 where it stands for one scalar of it, and
    /// 1 less for each further one that it stands for.
    var change: Int
    let combining: UInt8
  }

  private func rewrite(
    _ text: AlignedText, _ range: Range<Int>, _ data: NormalizationData,
    into changed: inout AlignedText
  ) {
    var parts: [Part] = []
    var sources: [Int] = []
    var position = range.lowerBound
    let bytes = text.bytes.span
    while position < range.upperBound {
      let (value, length) = UTF8Scalar.decode(bytes, position)
      if let scalar = Unicode.Scalar(value) {
        for (index, part) in data.decomposition(scalar).enumerated() {
          parts.append(
            Part(
              scalar: part, change: index == 0 ? 0 : 1,
              combining: part.properties.canonicalCombiningClass.rawValue))
        }
      }
      sources.append(position)
      position += length
    }
    NormalizationForm.order(&parts)
    if composes { NormalizationForm.compose(&parts, data) }
    // Scalars stand for those of the original in turn, even where they have changed places.
    var next = 0
    for part in parts {
      let source = part.change > 0 ? next - 1 : next
      if part.change <= 0 { next += 1 - part.change }
      changed.append(
        Array(String(part.scalar).utf8), from: sources[min(max(source, 0), sources.count - 1)],
        of: text)
    }
  }

  /// Sorts marks after each starter by their class, and keeps the order of those of one class.
  private static func order(_ parts: inout [Part]) {
    var begin = 0
    while begin < parts.count {
      guard parts[begin].combining != 0 else {
        begin += 1
        continue
      }
      var end = begin
      while end < parts.count, parts[end].combining != 0 { end += 1 }
      let sorted = parts[begin..<end].enumerated().sorted {
        ($0.element.combining, $0.offset) < ($1.element.combining, $1.offset)
      }
      parts.replaceSubrange(begin..<end, with: sorted.map(\.element))
      begin = end
    }
  }

  /// Composes each starter with what follows unblocked.
  private static func compose(_ parts: inout [Part], _ data: NormalizationData) {
    var composed: [Part] = []
    var starter: Int?
    for part in parts {
      if let starter {
        let isAdjacent = starter == composed.count - 1
        let isUnblocked =
          isAdjacent
          || (composed[composed.count - 1].combining < part.combining
            && composed[composed.count - 1].combining != 0)
        if isUnblocked, let whole = data.composition(composed[starter].scalar, part.scalar) {
          composed[starter].scalar = whole
          composed[starter].change += part.change - 1
          continue
        }
      }
      if part.combining == 0 { starter = composed.count }
      composed.append(part)
    }
    parts = composed
  }
}
