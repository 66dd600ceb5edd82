import Foundation
import SAECore
import SAEModels
import SAETestSupport
import Testing

/// Small tokenizers of every pipeline, and GPT-2's own, with what Hugging Face's `tokenizers` makes of texts.
@Suite(
  .enabled("no folder of tokenizers; SAE_FIXTURES names the full set") {
    TokenizerFixture.arePresent
  })
struct TokenizerFixtureTests {
  @Test(arguments: try TokenizerFixture.all()) func texts(_ fixture: TokenizerFixture) throws {
    print("tokenizer \(fixture.name)")
    let tokenizer = try Tokenizer(fixture.tokenizer)
    let expected = try fixture.expected()
    #expect(tokenizer.vocabularySize == expected.vocabulary)
    for text in expected.cases {
      let found = tokenizer.encode(text.text)
      #expect(found.ids == text.ids, "\(fixture.name): ids of \(text.text.debugDescription)")
      // As scalars: two spellings of an accented letter are equal as `String`s.
      #expect(
        found.tokens.map(scalars) == text.tokens.map(scalars),
        "\(fixture.name): tokens of \(text.text.debugDescription)")
      #expect(
        found.offsets.map { [$0.lowerBound, $0.upperBound] } == text.offsets,
        "\(fixture.name): offsets of \(text.text.debugDescription)")
      #expect(tokenizer.ids(of: text.text) == text.ids)
      // Once more, from what is remembered.
      #expect(tokenizer.ids(of: text.text) == text.ids)
      #expect(tokenizer.ids(of: text.text, specialTokens: true) == text.idsWithSpecial)
      #expect(tokenizer.encode(text.text, specialTokens: true).ids == text.idsWithSpecial)
      let decoded = try tokenizer.decode(text.ids)
      #expect(
        scalars(decoded) == scalars(text.decoded),
        "\(fixture.name): decoded \(text.text.debugDescription)")
    }
    let all = tokenizer.ids(of: expected.cases.map(\.text))
    #expect(all == expected.cases.map(\.ids))
  }

  private func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }
}

/// A folder of `fixtures/tokenizers`.
struct TokenizerFixture: Sendable, CustomTestStringConvertible {
  let path: String

  struct Expected: Decodable {
    struct Text: Decodable {
      let text: String
      let ids: [UInt32]
      let tokens: [String]
      let offsets: [[Int]]
      let idsWithSpecial: [UInt32]
      let decoded: String
    }
    let vocabulary: Int
    let cases: [Text]
  }

  static var arePresent: Bool { Fixtures.pathIfPresent("tokenizers") != nil }

  static func all() throws -> [TokenizerFixture] {
    let folders = try Fixtures.folders(in: "tokenizers", holding: "expected.json")
    return folders.map { TokenizerFixture(path: $0) }
      .filter { Lab.isPresent || !$0.isLab }
  }

  var name: String { URL(fileURLWithPath: path).lastPathComponent }
  var testDescription: String { name }

  /// Whether the tokenizer itself is the lab's.
  private var isLab: Bool { name == "lab_model" }

  var tokenizer: String { isLab ? Lab.path("model") : path }

  func expected() throws -> Expected {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      Expected.self, from: Data(contentsOf: URL(fileURLWithPath: "\(path)/expected.json")))
  }
}
