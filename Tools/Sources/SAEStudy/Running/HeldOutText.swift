import SAECore
import SAEMetrics

/// Activations to judge on, of one kind of text, none of them trained on.
struct HeldOutText: Sendable {
  /// Measured: rows are tokens.
  let source: any ActivationSource
  /// Others, to fit the linear part of errors on.
  let fitting: any ActivationSource
  /// Of each measured token; none where only activations are known.
  let tokenIDs: [Int]?
  /// Which measured tokens count, all where there is none of the kind that does not; and the context of
  /// each of them.
  let mask: TokenMask

  /// The context of each measured token, never descending.
  let contexts: [Int]

  /// - Parameters:
  ///   - counts: whether each measured token counts; nil where all do.
  ///   - contexts: the context of each, never descending.
  init(
    source: any ActivationSource, fitting: any ActivationSource, tokenIDs: [Int]?,
    counts: [Bool]? = nil, contexts: [Int]
  ) {
    self.source = source
    self.fitting = fitting
    self.tokenIDs = tokenIDs
    self.contexts = contexts
    mask = TokenMask(counts, contexts: contexts)
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
