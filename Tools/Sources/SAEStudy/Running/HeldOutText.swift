import SAECore

/// Activations to judge on, of one kind of text, none of them trained on.
struct HeldOutText: Sendable {
  /// Measured: rows are tokens.
  let source: any ActivationSource
  /// Others, to fit the linear part of errors on.
  let fitting: any ActivationSource
  /// Of each measured token; none where only activations are known.
  let tokenIDs: [Int]?
  /// Whether each measured token counts.
  let mask: [Bool]
  /// The context of each measured token, never descending.
  let contexts: [Int]

  /// Rows of a batch, whole contexts.
  func batches() -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var begin = 0
    for row in contexts.indices
    where row + 1 == contexts.count || (contexts[row + 1] != contexts[row] && row - begin >= 4095) {
      ranges.append(begin..<row + 1)
      begin = row + 1
    }
    return ranges
  }

  /// The rows of each context.
  func contextRanges() -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var begin = 0
    for row in contexts.indices
    where row + 1 == contexts.count || contexts[row + 1] != contexts[row] {
      ranges.append(begin..<row + 1)
      begin = row + 1
    }
    return ranges
  }
}
