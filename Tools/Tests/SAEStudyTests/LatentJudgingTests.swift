import SAECore
import SAEMetrics
import Testing

@testable import SAEStudy

/// Judges asked about a latent that fires on the token " one" and nowhere else.
@Suite(.serialized) struct LatentJudgingTests {
  /// Answers every request with a list of 0 and 1: 1 for the lines of which a condition in awk holds.
  private func judge(_ condition: String) -> String {
    each(
      #"out = ""; k = split($0, part, /\\n/); for (i = 1; i <= k; i++) "#
        + #"if (part[i] ~ /^[0-9]+\. /) out = out (out == "" ? "" : ", ") ("# + condition
        + #" ? 1 : 0); printf "{\"id\":%d,\"response\":\"[%s]\"}\n", n, out"#)
  }

  /// Runs an awk program on each line, n being its number; a single awk would wait for more input.
  private func each(_ program: String) -> String {
    "n=0; while read -r line; do n=$((n+1)); printf '%s\\n' \"$line\" | awk -v n=$n '{ "
      + program + " }'; done"
  }

  private let words = [" zero", " one", " two", " three"]

  /// 60 contexts of 32 tokens; in every second one there is one " one".
  private func text() -> HeldOutText {
    var generator = RandomGenerator(seed: 5)
    let ids = (0..<60 * 32).map { row -> Int in
      let (context, position) = (row / 32, row % 32)
      if context % 2 == 0, position == 11 + context / 6 { return 1 }
      return [0, 2, 3][generator.index(below: 3)]
    }
    return HeldOutText(
      source: Matrix(rows: ids.count, columns: 4) { $1 == ids[$0] ? Float(1 + $0 % 7) : 0 },
      fitting: Matrix(rows: 0, columns: 4), tokenIDs: ids,
      contexts: ids.indices.map { $0 / 32 })
  }

  /// Latent i is dimension i.
  private func trained() throws -> TopKAutoencoder {
    let identity = Matrix(rows: 4, columns: 4) { $0 == $1 ? 1 : 0 }
    return try TopKAutoencoder(
      parameters: [
        .encoder: identity, .encoderBias: Matrix(rows: 1, columns: 4), .decoder: identity,
        .decoderBias: Matrix(rows: 1, columns: 4),
      ], configuration: TopKConfiguration(k: 1))
  }

  private func judged(_ command: String) throws -> LatentBrowser {
    let text = text()
    let words = words
    let texts: @Sendable ([Int]) -> [String] = { $0.map { words[$0] } }
    let making = BrowserMaking(autoencoder: try trained(), text: text, texts: texts)
    let gathered = try making.gather()
    var browser = try making.browser(title: "x", gathered: gathered)
    var judging = LatentJudging(command: command)
    judging.patience = 20
    try judging.judge(
      &browser, examples: gathered.examples, activeRows: gathered.firings.rows, text: text,
      texts: texts
    ) { _, _ in }
    return browser
  }

  @Test func aJudgeThatKnows() throws {
    let browser = try judged(judge("part[i] ~ / one/"))
    #expect(browser.cards.first { $0.latent == 1 }?.score == 1)
    // The others fire in every window: there is nothing inactive to compare with.
    #expect(browser.judge?.latentsJudged == 1)
    #expect(browser.judge?.latentsLeftOut == 3)
    #expect(browser.judge?.requests == 3)
    #expect(browser.judge?.malformedAnswers == 0)
    #expect(browser.judge?.unreadableTexts == 0)
  }

  @Test func aJudgeThatAlwaysSaysNo() throws {
    let browser = try judged(judge("0"))
    #expect(browser.cards.first { $0.latent == 1 }?.score == 0.5)
  }

  @Test func aJudgeThatCannotBeRead() throws {
    let browser = try judged(
      each(
        #"if (n == 1) printf "{\"id\":1,\"response\":\"a word\"}\n"; else print "perhaps""#))
    let card = try #require(browser.cards.first { $0.latent == 1 })
    #expect(card.explanation == "a word")
    #expect(card.score == nil)
    #expect(browser.judge?.malformedAnswers == 2)
    #expect(browser.judge?.unreadableTexts == 10)
    #expect(browser.judge?.meanScore == nil)
  }

  @Test func cardsSayWhatTheLatentsDo() throws {
    let words = words
    let making = BrowserMaking(
      autoencoder: try trained(), text: text(), texts: { $0.map { words[$0] } },
      promotions: { directions in directions })
    let browser = try making.browser(title: "x", gathered: making.gather())
    #expect(browser.live == 4)
    let card = try #require(browser.cards.first { $0.latent == 1 })
    #expect(card.firings == 30)
    #expect(abs(card.density - 30.0 / (60 * 32)) < 1e-6)
    #expect(card.topTokenShare == 1)
    #expect(card.histogram.reduce(0, +) == 30)
    #expect(browser.texts[card.promoted[0].text] == " one")
    #expect(card.contexts.count == 6)
    for context in card.contexts {
      let firing = zip(context.texts, context.strengths).filter { $0.1 > 0 }
      #expect(firing.map { browser.texts[$0.0] } == [" one"])
    }
    let strongest = card.contexts[0]
    #expect(strongest.activation == card.maximumActivation)
    #expect(strongest.strengths.max() == 9)
    #expect(
      zip(card.contexts, card.contexts.dropFirst()).allSatisfy { $0.activation >= $1.activation })
  }
}
