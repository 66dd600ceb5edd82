import SAEMetrics

/// The page of one autoencoder's latents.
struct InspectionReport {
  let browser: LatentBrowser
  let subject: String
  let sparsity: SparsityMetrics

  init(_ browser: LatentBrowser, subject: String, sparsity: SparsityMetrics) {
    self.browser = browser
    self.subject = subject
    self.sparsity = sparsity
  }

  func html() throws -> String {
    let density = DensityHistogram(
      title: "How often latents fire", arm: .domain,
      counts: sparsity.value.logDensityHistogram(edges: AutoencoderMeasurement.densityEdges) ?? [],
      largest: sparsity.value.logDensityHistogram(edges: AutoencoderMeasurement.densityEdges)?.max()
        ?? 0)
    return try ReportPage.html(
      title: "Latents of \(browser.title)", header: header(),
      body: [
        ReportPage.browserSection(
          [browser],
          lead: "Each latent with the contexts in which it is strongest; the deeper a token, the "
            + "stronger it fires. Search the contexts, the promoted tokens, or #number."),
        "<section id=\"density\"><h2>Density</h2><div class=\"charts small\">\(density.svg())"
          + "</div></section>",
      ].joined(separator: "\n"), browsers: [browser])
  }

  private func header() -> String {
    let value = sparsity.value
    var tiles = [
      ("\(HTML.count(browser.live))", "of \(HTML.count(browser.latentCount)) latents fired"),
      (HTML.number(value.l0, 1), "latents active on a token (L0)"),
      (HTML.count(value.tokens), "tokens looked at"),
    ]
    var notes = (browser.mismatches ?? []).map { "Mismatch: \(HTML.escape($0))." }
    if let judge = browser.judge {
      tiles.append(
        (
          HTML.number(judge.meanScore, 2),
          "mean balanced accuracy of the judge, over \(HTML.count(judge.latentsJudged)) latents"
        ))
      notes.append(judge.account)
    }
    if browser.cards.count < browser.live {
      notes.append(
        "\(HTML.count(browser.cards.count)) latents are shown, evenly over the firing rates.")
    }
    let figures = tiles.map {
      "<div class=\"tile\"><div class=\"figure\">\($0.0)</div><div class=\"what\">\($0.1)</div></div>"
    }
    return """
      <p class="kicker">Sparse autoencoder · latents</p>
      <h1>\(HTML.escape(browser.title))</h1>
      <p class="answer">\(HTML.escape(subject))</p>
      <div class="tiles">\(figures.joined())</div>
      \(notes.map { "<p class=\"subject\">\(HTML.escape($0))</p>" }.joined())
      """
  }
}

extension JudgeSummary {
  /// The numbers of answered and failed questions, in sentences.
  var account: String {
    """
    The judge was asked \(HTML.count(requests)) times; \(HTML.count(malformedAnswers)) answers were \
    malformed or did not come, and nothing could be read about \(HTML.count(unreadableTexts)) texts. \
    \(HTML.count(latentsLeftOut)) latents had too few contexts to be judged.
    """
  }
}
