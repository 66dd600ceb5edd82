import SAEKernels
import SAETestSupport
import Testing

@testable import SAETensor

/// What a first round over panels leaves for a second.
@Suite struct KeptPanelsTests {
  /// Keeps the products of two panels and brings them back.
  ///
  /// - Returns: how many tokens each panel kept.
  private func checkRoundTrip(
    tokens: Int, panels: [Range<Int>], width: Int, threshold: Float
  ) -> [Int] {
    let latents = panels.last?.upperBound ?? 0
    let products = Matrix.random(tokens, latents, seed: 3)
    let bias = Matrix.random(1, latents, seed: 4).array
    let thresholds = [Float](repeating: threshold, count: latents)
    let parts = panels.map { range in
      Matrix(rows: tokens, columns: range.count) { products[$0, range.lowerBound + $1] }
    }
    var kept = KeptPanels([
      Matrix(rows: latents, columns: width), Matrix(rows: latents, columns: width),
    ])
    for (range, part) in zip(panels, parts) {
      let masks = EntryMasks(
        part, bias: Array(bias[range]), thresholds: Array(thresholds[range]))
      kept.keep(masks, of: part, range)
    }
    return zip(panels, parts).map { range, part in
      var restored = Matrix(rows: tokens, columns: range.count, repeating: .nan)
      let count = kept.restore(&restored, range)
      var entries = 0
      for token in 0..<tokens {
        for column in 0..<range.count {
          let isEntry = part[token, column] + bias[range.lowerBound + column] > threshold
          entries += isEntry ? 1 : 0
          let found = restored[token, column]
          if token >= count {
            #expect(found.isNaN, "token \(token) was not kept")
          } else if isEntry {
            #expect(found == part[token, column])
          } else {
            #expect(found + bias[range.lowerBound + column] < -1e30)
          }
        }
      }
      #expect(kept.entryCount(of: range) == entries)
      return count
    }
  }

  @Test func allTokensWhereThereIsRoom() {
    // 40 latents: two masks and at most 40 numbers a token; 40 rows of two matrices have room for
    // 40 · 2 · 30 numbers, 57 tokens of 42.
    let counts = checkRoundTrip(
      tokens: 50, panels: [0..<40, 40..<47], width: 30, threshold: -.infinity)
    // 7 latents: 8 numbers a token, and room for 210 in each matrix: 26 tokens.
    #expect(counts == [50, 50])
  }

  @Test func theFirstTokensWhereThereIsNot() {
    // 33 latents, all of them entries: 2 + 33 numbers a token, 330 in each matrix: 9 tokens.
    let full = checkRoundTrip(
      tokens: 50, panels: [0..<33, 33..<34], width: 10, threshold: -.infinity)
    // One latent: 2 numbers a token, and room for 10 in each: 5 tokens.
    #expect(full == [18, 10])
    let half = checkRoundTrip(tokens: 50, panels: [0..<33, 33..<34], width: 10, threshold: 0)
    #expect(half[0] > 18 && half[0] < 50)
  }

  @Test func noEntryAndNoRoom() {
    #expect(
      checkRoundTrip(tokens: 5, panels: [0..<20], width: 1, threshold: .infinity) == [5])
    #expect(
      checkRoundTrip(tokens: 5, panels: [0..<20], width: 1, threshold: -.infinity) == [0])
  }
}
