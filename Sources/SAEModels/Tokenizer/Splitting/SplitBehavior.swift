/// What becomes of the matches that a text is split by.
enum SplitBehavior: String, Sendable, CaseIterable {
  /// They are left out.
  case removed = "Removed"
  /// Each is a piece of its own.
  case isolated = "Isolated"
  /// They end the piece before them.
  case mergedWithPrevious = "MergedWithPrevious"
  /// They begin the piece after them.
  case mergedWithNext = "MergedWithNext"
  /// Neighbors that are matches, or are none, are one piece.
  case contiguous = "Contiguous"

  /// Appends the pieces that a part of a text is split into, none of them empty.
  ///
  /// - Parameter parts: neighbors that cover the part of the text.
  func append(
    _ parts: [(range: Range<Int>, isMatch: Bool)], to pieces: inout [Range<Int>]
  ) {
    let first = pieces.count
    switch self {
    case .isolated:
      for part in parts { pieces.append(part.range) }
    case .removed:
      for part in parts where !part.isMatch { pieces.append(part.range) }
    case .contiguous, .mergedWithPrevious:
      var wasMatch = false
      for part in parts {
        let joins = self == .contiguous ? part.isMatch == wasMatch : part.isMatch && !wasMatch
        wasMatch = part.isMatch
        if joins, pieces.count > first {
          pieces[pieces.count - 1] = pieces[pieces.count - 1].lowerBound..<part.range.upperBound
        } else {
          pieces.append(part.range)
        }
      }
    case .mergedWithNext:
      var reversed: [Range<Int>] = []
      var wasMatch = false
      for part in parts.reversed() {
        if part.isMatch, !wasMatch, let last = reversed.last {
          reversed[reversed.count - 1] = part.range.lowerBound..<last.upperBound
        } else {
          reversed.append(part.range)
        }
        wasMatch = part.isMatch
      }
      pieces.append(contentsOf: reversed.reversed())
    }
    // Empty matches leave empty pieces.
    if parts.contains(where: \.range.isEmpty) {
      pieces.replaceSubrange(first..., with: pieces[first...].filter { !$0.isEmpty })
    }
  }
}
