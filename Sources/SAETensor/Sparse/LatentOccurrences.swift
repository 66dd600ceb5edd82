/// The transposition of ``SparseLatents``: for each latent the tokens on which it has an entry.
///
/// Latent i's occurrences stand at `offsets[i] ..< offsets[i + 1]`, tokens ascending. `entries` has each
/// one's entry in the batch, so that any list with one value per entry can be read in this order.
public struct LatentOccurrences: Sendable, Equatable {
  /// Tokens of the batch.
  public let tokenCount: Int
  /// latents + 1 positions.
  public let offsets: [Int]
  /// Token of each occurrence.
  public let tokens: [UInt32]
  /// Position of each occurrence in the batch's `indices` and `values`.
  public let entries: [UInt32]

  /// Latents, with and without occurrences.
  public var latentCount: Int { offsets.count - 1 }

  /// Where a latent's occurrences stand.
  public func occurrences(of latent: Int) -> Range<Int> {
    precondition(
      latent >= 0 && latent < latentCount, "latent \(latent) lies outside \(latentCount) latents")
    return offsets[latent]..<offsets[latent + 1]
  }
}

extension SparseLatents {
  /// Lists the tokens of each latent, by a counting sort.
  ///
  /// - Complexity: O(entries + latents).
  public func occurrencesByLatent() -> LatentOccurrences {
    var offsets = [Int](repeating: 0, count: latentCount + 1)
    let tokens = self.tokens
    let count = entryCount
    indices.lend { indices in
      offsets.lendMutable { offsets in
        for entry in 0..<count { offsets[Int(indices[entry]) + 1] += 1 }
        for latent in 0..<latentCount { offsets[latent + 1] += offsets[latent] }
      }
    }
    var next = Array(offsets.dropLast())
    var sortedTokens = [UInt32](repeating: 0, count: count)
    var sortedEntries = [UInt32](repeating: 0, count: count)
    lending(indices, rowOffsets) { indices, rowOffsets in
      sortedTokens.lendMutable { sortedTokens in
        sortedEntries.lendMutable { sortedEntries in
          next.lendMutable { next in
            for token in 0..<tokens {
              for entry in rowOffsets[token]..<rowOffsets[token + 1] {
                let latent = Int(indices[entry])
                let position = next[latent]
                next[latent] = position + 1
                sortedTokens[position] = UInt32(truncatingIfNeeded: token)
                sortedEntries[position] = UInt32(truncatingIfNeeded: entry)
              }
            }
          }
        }
      }
    }
    return LatentOccurrences(
      tokenCount: tokens, offsets: offsets, tokens: sortedTokens, entries: sortedEntries)
  }
}
