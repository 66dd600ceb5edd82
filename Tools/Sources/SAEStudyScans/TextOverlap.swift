import SAECore

/// How much of one text is in another: copies and parts of it, not sentences that both quote.
///
/// Texts are sequences of numbers: token ids in pieces, of which runs are compared wherever they begin,
/// or hashes of rows of activations, which are compared one by one.
package enum TextOverlap {
  /// Tokens of a run.
  package static let runLength = 128
  /// The share from which one text counts as part of the other. Corpora of answers to questions share
  /// more than a twentieth of such runs without being the same.
  package static let limit = 1.0 / 3
  /// The share from which the study reports it.
  package static let notable = 0.01

  /// The share of runs of a text that another text has somewhere.
  ///
  /// - Parameters:
  ///   - text: cut into runs from its beginning on; the end that makes no run does not count.
  ///   - other: looked through from token to token.
  ///   - length: tokens of a run.
  package static func share(of text: [UInt32], in other: [UInt32], length: Int) -> Double {
    let runs = text.count / length
    guard runs > 0, length > 0 else { return 0 }
    let hashes = (0..<runs).map { hash(text[$0 * length..<($0 + 1) * length]) }
    guard other.count >= length else { return 0 }
    let wanted = Set(hashes)
    var found: Set<UInt64> = []
    // The factor that the token which leaves a run has collected since it came.
    var leaving: UInt64 = 1
    for _ in 1..<length { leaving = leaving &* factor }
    var rolling = hash(other[..<length])
    if wanted.contains(rolling) { found.insert(rolling) }
    for end in length..<other.count {
      rolling = (rolling &- number(other[end - length]) &* leaving) &* factor &+ number(other[end])
      if wanted.contains(rolling) { found.insert(rolling) }
    }
    return Double(hashes.count { found.contains($0) }) / Double(runs)
  }

  /// The share of rows that are among others.
  package static func share(of rows: [UInt64], in others: Set<UInt64>) -> Double {
    rows.isEmpty ? 0 : Double(rows.count { others.contains($0) }) / Double(rows.count)
  }

  private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// Id 0 counts as well.
  private static func number(_ id: UInt32) -> UInt64 { UInt64(id) &+ 1 }

  /// Σ (idᵢ + 1) fⁿ⁻¹⁻ⁱ modulo 2⁶⁴
  private static func hash(_ ids: ArraySlice<UInt32>) -> UInt64 {
    ids.reduce(0) { $0 &* factor &+ number($1) }
  }

  /// A hash of each row, to the eleven bits of mantissa that F16 has: a copy in another type is the same.
  ///
  /// - Throws: ``FileError``, and what keeps rows from being read.
  package static func rowHashes(_ source: any ActivationSource) throws -> [UInt64] {
    var hashes: [UInt64] = []
    hashes.reserveCapacity(source.tokens)
    for begin in stride(from: 0, to: source.tokens, by: 4096) {
      let range = begin..<min(begin + 4096, source.tokens)
      let rows = try source.finiteMatrix(rows: range)
      for row in 0..<rows.rows {
        let values = rows.row(row)
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for column in values.indices {
          hash = (hash ^ UInt64(rounded(values[column]))) &* 0x0000_0100_0000_01b3
        }
        hashes.append(hash)
      }
      source.release(range)
    }
    return hashes
  }

  /// The bits of a number rounded as F16 rounds it, half to even; numbers for which F16 has fewer bits
  /// are 0.
  private static func rounded(_ value: Float) -> UInt32 {
    guard abs(value) >= 0x1p-14 else { return 0 }
    let bits = value.bitPattern
    return (bits &+ 0xFFF &+ (bits >> 13 & 1)) & ~0x1FFF
  }
}
