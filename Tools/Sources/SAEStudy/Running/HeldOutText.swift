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

/// Some pieces of a source, one after another.
struct SelectedPieces: ActivationSource {
  let source: any ActivationSource
  let pieces: [Range<Int>]
  private let offsets: [Int]

  var width: Int { source.width }
  var tokens: Int { offsets[pieces.count] }

  init(_ source: any ActivationSource, _ pieces: [Range<Int>]) {
    self.source = source
    self.pieces = pieces
    offsets = pieces.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
  }

  func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws {
    var next = rows.lowerBound
    // The last piece that begins at or before the first row.
    var piece = offsets.partitioningIndex { $0 > next } - 1
    while next < rows.upperBound {
      let end = min(rows.upperBound, offsets[piece + 1])
      let first = pieces[piece].lowerBound + next - offsets[piece]
      try source.read(first..<first + end - next, into: &matrix, at: row + next - rows.lowerBound)
      next = end
      piece += 1
    }
  }
}

extension Array {
  /// The first index whose element satisfies a condition that all after it satisfy too.
  fileprivate func partitioningIndex(_ isAfter: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
