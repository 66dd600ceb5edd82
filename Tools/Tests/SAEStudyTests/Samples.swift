import Foundation

@testable import SAEStudy

/// Results and browsers made by hand.
enum Samples {
  /// What a corpus could hold to get out of its place on a page.
  static let hostile = [
    "</script><script>document.title='taken'</script>",
    "\"><img src=x onerror=\"document.title='taken'\">",
    "<!--", "]]>", "&lt;b&gt;", "\u{2028}\u{2029}", "'onmouseover='", "\\u003c/script>",
    "\u{0}\u{1B}",
    "${document.title='taken'}", "`", "日本語 😀",
  ]

  static func card(_ latent: Int, texts: [Int], density: Double = 0.01) -> LatentCard {
    LatentCard(
      latent: latent, firings: 40 + latent, density: density, meanActivation: 1.5,
      maximumActivation: 4, kind: .conceptual, topTokenShare: 0.25, otherCosine: 0.31,
      isUnmatched: true, isReproduced: true, histogram: [1, 4, 9, 2],
      neighbors: [.init(latent: latent + 1, cosine: 0.4)],
      promoted: [.init(text: texts[0], logit: 3.5)],
      contexts: [.init(texts: texts, strengths: texts.indices.map { $0 % 10 }, activation: 4)])
  }

  /// The first latent speaks of "mitochondria", the second of everything hostile.
  static func browser(title: String = "domain-8-2-s0") -> LatentBrowser {
    let texts = [" mitochondria", " the", " cell"] + hostile
    var browser = LatentBrowser(
      title: title, comparedWith: "broad", latentCount: 8, live: 3, texts: texts)
    browser.cards = [
      card(3, texts: [0, 1, 2]), card(5, texts: Array(3..<texts.count)), card(6, texts: [1, 2]),
    ]
    browser.cards[1].explanation = hostile[0]
    return browser
  }

  static func measurement(l0: Double, quality: Double) -> AutoencoderMeasurement {
    var measurement = AutoencoderMeasurement()
    measurement.tokens = 1000
    measurement.contexts = 10
    measurement.l0 = l0
    measurement.fractionOfVarianceExplained = quality
    measurement.lossRecovered = quality
    measurement.linearUnexplained = (1 - quality) / 2
    measurement.nonlinearUnexplained = (1 - quality) / 2
    measurement.aliveFraction = 1
    measurement.densityHistogram = [Int](repeating: 2, count: 20)
    return measurement
  }

  /// Two seeds of both arms, and of boosting: the domain is better on the domain by `gap`.
  static func results(gap: Double = 0.1, subject: String = "a world") -> StudyResults {
    var configuration = StudyConfiguration()
    configuration.latents = [8]
    configuration.sparsity = [2, 4]
    configuration.seeds = 2
    let autoencoders = configuration.plans.map { plan -> AutoencoderResult in
      let base = 0.4 + 0.1 * plan.sparsity / 2 + 0.001 * Double(plan.seed)
      let own = plan.arm == .domain ? base + gap : plan.arm == .boosted ? base + gap / 2 : base
      let broad = plan.arm == .domain ? base - gap : base
      return AutoencoderResult(
        plan: plan, latentCount: 8, trainingTokens: 100,
        onDomain: measurement(l0: plan.sparsity, quality: own),
        onBroad: measurement(l0: plan.sparsity, quality: broad))
    }
    return StudyResults(
      configuration: configuration, subject: subject, libraryVersion: "0", streamTokens: 100,
      autoencoders: autoencoders)
  }
}

/// An empty folder that is removed with the value.
final class ScratchFolder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent("sae-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ text: String, to name: String) throws -> String {
    try text.write(toFile: file(name), atomically: true, encoding: .utf8)
    return file(name)
  }
}
