import Foundation

/// The frame of a page, and the section that shows latents.
enum ReportPage {
  static func html(
    title: String, header: String, body: String, browsers: [LatentBrowser]
  ) throws -> String {
    let data = browsers.isEmpty ? nil : try StudyJSON.encode(browsers, pretty: false)
    let json = data.map {
      "<script type=\"application/json\" id=\"latents-data\">\(HTML.script($0))</script>"
    }
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src \
      'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
      <title>\(HTML.escape(title))</title>
      <link rel="icon" href="data:,">
      <style>
      \(ReportStyle.css)
      </style>
      </head>
      <body>
      <header class="top">
      \(header)
      \(navigation(body))
      </header>
      <main>
      \(body)
      </main>
      \(json ?? "")
      <script>
      \(ReportScript.javaScript)
      </script>
      </body>
      </html>

      """
  }

  /// Links to the page's sections.
  private static func navigation(_ body: String) -> String {
    let sections = [
      ("variance", "Variance explained"), ("loss", "Loss recovered"), ("residual", "Left over"),
      ("equal", "At equal L0"),
      ("latents-kinds", "Kinds of latents"), ("recovery", "Against the truth"),
      ("density", "Density"), ("all", "All autoencoders"), ("latents", "Latents"),
      ("method", "Method"),
    ].filter { body.contains("<section id=\"\($0.0)\">") }
    guard sections.count > 1 else { return "" }
    let links = sections.map { "<a href=\"#\($0.0)\">\($0.1)</a>" }
    return "<nav>\(links.joined())</nav>"
  }

  /// - Parameter notes: below the lead, as markup.
  static func browserSection(
    _ browsers: [LatentBrowser], lead: String, notes: [String] = []
  ) -> String {
    let choices = browsers.enumerated().map { index, browser in
      let counts =
        "\(HTML.count(browser.cards.count)) of \(HTML.count(browser.live)) live latents"
      return "<option value=\"\(index)\">\(HTML.escape(browser.title)) – \(counts)</option>"
    }
    let isCompared = browsers.contains { $0.comparedWith != nil }
    let isJudged = browsers.contains { $0.judge != nil }
    var kinds = [("all", "all kinds")]
    if isCompared {
      kinds += [("unmatched", "not in the broad one"), ("reproduced", "… and in other seeds")]
    }
    kinds += [
      ("conceptual", "conceptual"), ("lexical", "lexical"), ("trivial", "trivial"),
      ("rare", "rare"),
    ]
    if isJudged { kinds.append(("judged", "judged")) }
    var orders = [
      ("density", "most frequent first"), ("rare", "rarest first"),
      ("maximum", "strongest first"), ("token", "most on one token"), ("number", "by number"),
    ]
    if isCompared { orders.insert(("cosine", "least like the broad one"), at: 0) }
    if isJudged { orders.insert(("score", "judge's score"), at: 0) }
    func options(_ pairs: [(String, String)]) -> String {
      pairs.map { "<option value=\"\($0.0)\">\($0.1)</option>" }.joined()
    }
    return """
      <section id="latents">
      <h2>Latents</h2>
      <p class="lead">\(lead)</p>
      \(notes.map { "<p class=\"note\">\($0)</p>" }.joined(separator: "\n"))
      <div class="controls">
      <input type="search" id="search" placeholder="Search latents" aria-label="Search latents">
      <select id="dictionary" aria-label="Autoencoder"\(browsers.count > 1 ? "" : " hidden")>\
      \(choices.joined())</select>
      <select id="kind" aria-label="Kind">\(options(kinds))</select>
      <select id="sort" aria-label="Order">\(options(orders))</select>
      <span class="found" id="found" role="status"></span>
      </div>
      <noscript><p class="note">The latents are drawn by a script inside this page.</p></noscript>
      <div class="cards" id="cards"></div>
      <button id="more" type="button" hidden>Show more</button>
      </section>
      """
  }
}
