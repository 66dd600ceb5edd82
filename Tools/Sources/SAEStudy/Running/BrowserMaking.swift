import Foundation
import SAECore
import SAEMetrics
import SAEStudyScans

/// Gathers the page's content on an autoencoder's latents.
struct BrowserMaking {
  let autoencoder: any SparseAutoencoder
  let text: HeldOutText
  var texts: @Sendable ([Int]) -> [String]
  var promotions: (@Sendable (Matrix) -> Matrix)?
  /// The largest number of cards.
  var limit = 600
  var contextsPerLatent = 6
  var bins = 24

  /// Everything found in one pass over the text.
  struct Gathered {
    var sparsity: SparsityMetrics
    var examples: LatentExamples
    var firings: LatentFirings
    var identity: [StudyMeasuring.LatentIdentity?] = []
  }

  func gather() throws -> Gathered {
    guard let ids = text.tokenIDs else {
      throw StudyError("contexts of latents", expected: "the tokens of the text", found: "none")
    }
    let count = autoencoder.latentCount
    var options = LatentExamples.Options()
    options.count = contextsPerLatent
    options.onePerContext = true
    var found = Gathered(
      sparsity: SparsityMetrics(latentCount: count),
      examples: LatentExamples(latentCount: count, options: options),
      firings: LatentFirings(latentCount: count))
    var identity = TokenIdentityMetrics(latentCount: count)
    for rows in text.contextRanges() {
      let (mask, own) = (text.mask[rows], Array(ids[rows]))
      let latents = try autoencoder.encode(text.source.matrix(rows: rows))
      let batch = try EncodedBatch(latents: latents, mask: mask, tokenIDs: own)
      try found.sparsity.update(batch)
      try identity.update(batch)
      try found.examples.update(
        latents, tokens: own, context: text.contexts[rows.lowerBound], mask: mask)
      found.firings.add(latents, firstRow: rows.lowerBound, where: batch.counts)
    }
    found.identity = StudyMeasuring.latents(identity.value)
    return found
  }

  /// - Parameters:
  ///   - likeness: to other dictionaries, of each latent.
  func browser(
    title: String, comparedWith: String? = nil, likeness: [DictionaryComparing.Likeness]? = nil,
    gathered: Gathered
  ) throws -> LatentBrowser {
    let sparsity = gathered.sparsity.value
    let live = sparsity.firingCounts.indices.filter { sparsity.firingCounts[$0] > 0 }
    let shown = choose(live, sparsity.firingCounts, likeness)
    var numbers = TextNumbers()
    let neighbors = try nearest(shown)
    let promoted = try promotedTokens(shown)
    let cards = shown.enumerated().map { place, latent -> LatentCard in
      let values = gathered.firings.values[latent]
      let maximum = Double(values.max() ?? 0)
      return LatentCard(
        latent: latent, firings: sparsity.firingCounts[latent],
        density: rounded(Double(sparsity.firingCounts[latent]) / Double(max(1, sparsity.tokens))),
        meanActivation: rounded(sparsity.meanActivationWhenActive[latent] ?? 0),
        maximumActivation: rounded(maximum), kind: gathered.identity[latent]?.kind,
        topTokenShare: (gathered.identity[latent]?.topTokenShare).map(rounded),
        otherCosine: likeness.map { rounded($0[latent].broadCosine) },
        isUnmatched: likeness?[latent].isUnmatched,
        isReproduced: likeness?[latent].isReproduced,
        histogram: histogram(values, maximum: maximum), neighbors: neighbors[place],
        promoted: promoted[place].map {
          LatentCard.Promoted(
            text: numbers.number(texts([$0.token]).joined()), logit: rounded($0.logit))
        },
        contexts: gathered.examples.strongestExamples(of: latent).map { example in
          LatentCard.Context(
            texts: texts(example.tokens).map { numbers.number($0) },
            strengths: example.activations.map { strength($0, maximum: maximum) },
            activation: rounded(Double(example.activation)))
        })
    }
    return LatentBrowser(
      title: title, comparedWith: comparedWith, latentCount: autoencoder.latentCount,
      live: live.count, cards: cards, texts: numbers.texts)
  }

  /// Those to show: all if they fit; else unmatched ones that reproduce first, up to half of the
  /// room, the rest evenly over the firing rates.
  private func choose(
    _ live: [Int], _ firings: [Int], _ likeness: [DictionaryComparing.Likeness]?
  ) -> [Int] {
    guard live.count > limit else { return live }
    func often(_ a: Int, _ b: Int) -> Bool { (firings[b], a) < (firings[a], b) }
    let special = live.filter {
      firings[$0] >= StudyMeasuring.leastFirings && likeness?[$0].isUnmatched == true
        && likeness?[$0].isReproduced != false
    }.sorted(by: often).prefix(limit / 2)
    let rest = Set(live).subtracting(special).sorted(by: often)
    let room = limit - special.count
    let sampled = (0..<room).map { rest[$0 * rest.count / room] }
    return (Array(special) + sampled).sorted()
  }

  private func strength(_ value: Float, maximum: Double) -> Int {
    let share = Double(value) / maximum
    guard value > 0, share.isFinite else { return 0 }
    return min(9, max(1, Int((9 * min(share, 1)).rounded(.up))))
  }

  private func histogram(_ values: [Float], maximum: Double) -> [Int] {
    var counts = [Int](repeating: 0, count: bins)
    for value in values where value.isFinite && maximum > 0 {
      let share = max(0, min(1, Double(value) / maximum))
      counts[min(bins - 1, Int(share * Double(bins)))] += 1
    }
    return counts
  }

  private func nearest(_ shown: [Int]) throws -> [[LatentCard.Neighbor]] {
    let unit = autoencoder.decoder.withUnitRows
    var result: [[LatentCard.Neighbor]] = []
    for begin in stride(from: 0, to: shown.count, by: 256) {
      let some = shown[begin..<min(begin + 256, shown.count)]
      let cosines = Matrix.product(
        try unit.matrix(rows: some.map { $0..<$0 + 1 }).view, unit.transposed)
      for (row, latent) in some.enumerated() {
        result.append(
          cosines.largest(5, inRow: row, except: latent).map {
            .init(latent: $0.column, cosine: rounded(Double($0.value)))
          })
      }
    }
    return result
  }

  private func promotedTokens(_ shown: [Int]) throws -> [[(token: Int, logit: Double)]] {
    guard let promotions else { return shown.map { _ in [] } }
    let decoder = autoencoder.decoder
    var result: [[(token: Int, logit: Double)]] = []
    for begin in stride(from: 0, to: shown.count, by: 64) {
      let some = Array(shown[begin..<min(begin + 64, shown.count)])
      let logits = promotions(try decoder.matrix(rows: some.map { $0..<$0 + 1 }))
      for row in some.indices {
        result.append(logits.largest(8, inRow: row).map { ($0.column, Double($0.value)) })
      }
    }
    return result
  }
}

/// A number with five digits: a page needs no more, and is smaller.
private func rounded(_ value: Double) -> Double {
  guard value != 0, value.isFinite else { return value }
  let digits = 4 - Int(log10(abs(value)).rounded(.down))
  let scale = pow(10, Double(min(max(digits, -300), 300)))
  return (value * scale).rounded() / scale
}

/// Gives each text a number, so that a page holds it once.
private struct TextNumbers {
  private(set) var texts: [String] = []
  private var known: [String: Int] = [:]

  mutating func number(_ text: String) -> Int {
    if let number = known[text] { return number }
    known[text] = texts.count
    texts.append(text)
    return texts.count - 1
  }
}
