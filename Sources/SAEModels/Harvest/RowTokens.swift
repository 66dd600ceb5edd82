public import SAECore

/// The tokens of rows of activations in files: row i belongs to token i.
public struct RowTokens: Sendable {
  /// Rows.
  public let count: Int
  private let streams: [TokenStream]

  /// Puts the tokens of files, one after another, beside rows.
  ///
  /// Where the files are of harvests, they have to be whole, without rows of prefixes and with one for
  /// each token, and of these very tokens.
  ///
  /// - Parameters:
  ///   - files: the activations.
  ///   - tokens: at least as many.
  /// - Throws: ``ModelError/wrongTokens(file:expected:found:)`` if the tokens cannot be those of the
  ///   rows, and the errors of reading them.
  public init(_ files: HarvestFiles, tokens: [TokenStream]) throws {
    count = files.parts.reduce(0) { $0 + $1.rows }
    streams = tokens
    let name = tokens.map(\.name).joined(separator: ", ")
    if let problem = files.misalignment {
      throw ModelError.wrongTokens(
        file: name, expected: "the tokens of rows of activations", found: problem)
    }
    let all = tokens.reduce(0) { $0 + $1.count }
    guard all >= count else {
      throw ModelError.wrongTokens(
        file: name, expected: "a token for each of \(count) rows of activations", found: "\(all)")
    }
    var first = 0
    for run in files.runs {
      for part in run {
        try check(part, from: first, name)
        first += part.rows
      }
    }
  }

  /// Throws if a shard was made from other tokens.
  private func check(_ part: HarvestFiles.Part, from first: Int, _ name: String) throws {
    guard let harvest = part.harvest, let context = harvest.context, context > 0,
      let stream = harvest.streamTokens, let hash = part.tokensHash, part.rows > 0
    else { return }
    // Whole sequences, as the harvest has them.
    let begin = part.firstRow / context * context
    let end = min(((part.firstRow + part.rows - 1) / context + 1) * context, stream)
    let shift = first - part.firstRow
    guard begin + shift >= 0, end >= begin, end + shift <= streams.reduce(0, { $0 + $1.count })
    else {
      return
    }
    let found = String(TokenPieces.hash(try ids(begin + shift..<end + shift)), radix: 16)
    guard found == hash else {
      throw ModelError.wrongTokens(
        file: name, expected: "the tokens that \(part.file) was made from", found: "others")
    }
  }

  /// The tokens of some rows.
  ///
  /// - Throws: the errors of reading them.
  public func ids(_ rows: Range<Int>) throws -> [UInt32] {
    var ids: [UInt32] = []
    var begin = 0
    for stream in streams {
      let part = rows.clamped(to: begin..<begin + stream.count)
      if !part.isEmpty {
        ids += try stream.tokens(part.lowerBound - begin..<part.upperBound - begin)
      }
      begin += stream.count
    }
    return ids
  }

  /// The rows whose tokens are not left out, in ranges.
  ///
  /// - Throws: the errors of reading tokens, ``ModelError/wrongTokens(file:expected:found:)`` if no row
  ///   is left.
  public func rows(without skipped: Set<UInt32>) throws -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for first in stride(from: 0, to: count, by: 1 << 16) {
      let rows = first..<min(first + (1 << 16), count)
      for (row, id) in zip(rows, try ids(rows)) where !skipped.contains(id) {
        if let last = ranges.last, last.upperBound == row {
          ranges[ranges.count - 1] = last.lowerBound..<row + 1
        } else {
          ranges.append(row..<row + 1)
        }
      }
    }
    guard !ranges.isEmpty || count == 0 else {
      throw ModelError.wrongTokens(
        file: streams.map(\.name).joined(separator: ", "),
        expected: "tokens that are not left out", found: "\(count) that are")
    }
    return ranges
  }
}
