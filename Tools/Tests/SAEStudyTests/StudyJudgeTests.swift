import Foundation
import Testing

@testable import SAEStudy

/// Studies whose latents are judged.
@Suite(.serialized) struct StudyJudgeTests {
  private func configuration() -> StudyConfiguration {
    var configuration = StudyConfiguration.demo(seed: 1)
    configuration.architecture = "topk"
    configuration.latents = [32]
    configuration.sparsity = [1]
    configuration.seeds = 1
    configuration.boosterLatents = 0
    configuration.streamTokens = 2048
    configuration.trainingTokens = 16 * 256
    configuration.batch = 256
    configuration.heldOutTokens = 4096
    configuration.judgeLatents = 6
    configuration.judgeSeconds = 20
    return configuration
  }

  /// A judge that says yes to everything and counts its questions in a file.
  private func judge(_ counter: String) -> String {
    "while read -r line; do echo x >> '\(counter)'; "
      + "id=$(printf '%s' \"$line\" | sed 's/.*\"id\":\\([0-9]*\\).*/\\1/'); "
      + "printf '{\"id\":%s,\"response\":\"[1, 1, 1, 1, 1]\"}\\n' $id; done"
  }

  private func questions(_ counter: String) -> Int {
    (FileManager.default.contents(atPath: counter) ?? Data()).count / 2
  }

  @Test func scoresAreInTheResultsAndOnThePage() throws {
    let folder = try ScratchFolder()
    let out = folder.file("study")
    let plain = try Study(demo: configuration(), directory: out).run()
    #expect(plain.results.judgments.isEmpty)
    // A study that is done can be judged later.
    var judged = configuration()
    let counter = folder.file("counter")
    judged.judge = judge(counter)
    let first = try Study(demo: judged, directory: out).run()
    #expect(first.results.judgments.map(\.autoencoder) == ["domain-32-1-s1", "broad-32-1-s1"])
    let summary = try #require(first.results.judgments.first?.summary)
    try #require(summary.latentsJudged > 0)
    #expect(summary.malformedAnswers == 0)
    let latents = first.results.judgments.flatMap(\.latents)
    #expect(latents.count == first.results.judgments.map(\.summary.latentsJudged).reduce(0, +))
    // Who always says yes is right about all that fire and wrong about all others.
    #expect(latents.allSatisfy { $0.score == 0.5 && $0.explanation == "[1, 1, 1, 1, 1]" })
    let asked = first.results.judgments.map(\.summary.requests).reduce(0, +)
    #expect(questions(counter) == asked)
    let page = try String(contentsOfFile: first.report, encoding: .utf8)
    let hasScore = page.contains("mean balanced accuracy of <b>0.50</b>")
    #expect(hasScore)
    let isOnCards = page.contains("\"score\":0.5")
    #expect(isOnCards)
    let results = try Data(contentsOf: URL(fileURLWithPath: "\(out)/results.json"))
    #expect(try StudyResults(json: results) == first.results)

    // The same again asks nothing; with the last answer lost, and half of another, just one.
    _ = try Study(demo: judged, directory: out).run()
    #expect(questions(counter) == asked)
    let answers = "\(out)/judge/answers.jsonl"
    let lines = try String(contentsOfFile: answers, encoding: .utf8).split(separator: "\n")
    try #require(lines.count == asked)
    try (lines.dropLast().joined(separator: "\n") + "\n" + lines[lines.count - 1].prefix(40))
      .write(toFile: answers, atomically: true, encoding: .utf8)
    let again = try Study(demo: judged, directory: out).run()
    #expect(questions(counter) == asked + 1)
    #expect(again.results == first.results)
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(out)/results.json")) == results)
  }
}
