import Foundation
import SAECore
import Testing

@testable import SAEStudy

@Suite struct ReportTests {
  private func occurrences(_ needle: String, in text: String) -> Int {
    text.components(separatedBy: needle).count - 1
  }

  @Test func corpusTextCannotLeaveItsPlace() throws {
    let calm = try StudyReport(Samples.results(), [Samples.browser()]).html()
    let browser = Samples.browser(title: Samples.hostile.joined())
    let page = try StudyReport(
      Samples.results(subject: Samples.hostile.joined()), [browser]
    ).html()
    // The page has its own scripts and no other, and no element that it does not make itself.
    #expect(occurrences("<script", in: page) == 2)
    #expect(occurrences("</script", in: page) == 2)
    #expect(occurrences("<img", in: page) == 0)
    #expect(occurrences("<!--", in: page) == 0)
    #expect(occurrences("\u{2028}", in: page) == 0 || !scriptText(page).contains("\u{2028}"))
    for element in ["<option", "<section", "<article", "<td"] {
      #expect(occurrences(element, in: page) == occurrences(element, in: calm))
    }
    #expect(!page.contains("\u{0}"))
  }

  private func scriptText(_ page: String) -> String {
    let begin = page.range(of: "id=\"latents-data\">")
    let end = page.range(of: "</script>")
    guard let begin, let end else { return "" }
    return String(page[begin.upperBound..<end.lowerBound])
  }

  @Test func theEmbeddedDataAreTheBrowsers() throws {
    let browsers = [Samples.browser(), Samples.browser(title: Samples.hostile.joined())]
    let page = try StudyReport(Samples.results(), browsers).html()
    let json = scriptText(page)
    #expect(!json.contains("<"))
    #expect(!json.contains("\u{2028}"))
    let read = try StudyJSON.decode([LatentBrowser].self, from: Data(json.utf8))
    #expect(read == browsers)
  }

  @Test func nothingIsFetched() throws {
    let whole = try StudyReport(Samples.results(), [Samples.browser()]).html()
    // The corpus may speak of anything.
    let page = whole.replacingOccurrences(of: scriptText(whole), with: "")
    let allowed = ["http://www.w3.org/2000/svg"]
    for word in ["http://", "https://", "src=", "@import", "url("] {
      let found = page.components(separatedBy: word).dropFirst()
      for rest in found {
        #expect(allowed.contains { ("\(word)\(rest)").hasPrefix($0) }, "\(word)\(rest.prefix(40))")
      }
    }
  }

  /// No verdict on autoencoders that are not trained, whatever the numbers are.
  @Test func autoencodersThatAreNotTrainedGiveNoAnswer() {
    func answer(_ edit: (inout StudyResults) -> Void) -> String {
      var results = Samples.results(gap: 0.1)
      edit(&results)
      return StudyReport(results, []).plainAnswer
    }
    #expect(answer { _ in }.hasPrefix("Yes."))
    let few = answer { $0.streamTokens = 50 }
    #expect(few.hasPrefix("No answer: ") && few.contains("too few"), "\(few)")
    let poor = answer { results in
      for index in results.autoencoders.indices
      where results.autoencoders[index].plan.arm == .domain {
        results.autoencoders[index].onDomain.fractionOfVarianceExplained = 0.05
      }
    }
    #expect(poor.hasPrefix("No answer: ") && poor.contains("5.0"), "\(poor)")
    let dead = answer { $0.autoencoders[0].warnings = [.deadLatents(5, of: 8)] }
    #expect(dead.hasPrefix("No answer: ") && dead.contains("dead"), "\(dead)")
    // Fewer than half of them are a warning, and no more.
    let some = answer { $0.autoencoders[0].warnings = [.deadLatents(2, of: 8)] }
    #expect(some.hasPrefix("Yes."))
  }

  @Test func theAnswerFollowsTheNumbers() {
    let better = StudyReport(Samples.results(gap: 0.1), []).answer()
    #expect(better.contains("<b>Yes.</b>"))
    #expect(better.contains("+10.0 ± 0.0"))
    #expect(better.contains("cost of"))
    let worse = StudyReport(Samples.results(gap: -0.1), []).answer()
    #expect(worse.contains("<b>No, worse.</b>"))
    #expect(worse.contains("gain of"))
    let equal = StudyReport(Samples.results(gap: 0), []).answer()
    #expect(equal.contains("<b>Not settled by these runs.</b>"))
  }

  @Test func everyPointAndAutoencoderIsThere() throws {
    let results = Samples.results()
    let page = try StudyReport(results, []).html()
    // Two texts, two qualities, three arms, two sparsities.
    #expect(occurrences("class=\"point\"", in: page) == 2 * 2 * 3 * 2)
    for result in results.autoencoders { #expect(page.contains(result.plan.name)) }
    #expect(!page.contains("id=\"latents-data\""))
  }

  @Test func ticksAreRoundAndAround() {
    for (low, high) in [(0.31, 0.83), (0.0, 1.0), (0.701, 0.703), (-2.0, 5.0), (0.5, 0.5)] {
      let ticks = ScatterChart.ticks(low, high)
      #expect(ticks.count >= 2 && ticks.count <= 8)
      #expect(ticks[0] <= low && ticks[ticks.count - 1] >= high - 1e-9)
      #expect(ScatterChart.digits(ticks) <= 6)
    }
    #expect(ScatterChart.logarithmicTicks(3, 60) == [5, 10, 20, 50])
  }

  @Test func numbersAsPeopleReadThem() {
    #expect(HTML.number(-0.0004, 2) == "0.00")
    #expect(HTML.number(-1.5, 1, sign: true) == "−1.5")
    #expect(HTML.number(1.5, 1, sign: true) == "+1.5")
    #expect(HTML.number(nil, 1) == "–")
    #expect(HTML.number(.nan, 1) == "–")
    #expect(HTML.count(1_234_567) == "1\u{202F}234\u{202F}567")
    #expect(HTML.percent(0.125, 1) == "12.5\u{A0}%")
  }
}
