import Foundation
import SAECore
import SAEModels
import Testing

@Suite struct CorpusTokensTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private func model(vocabularySize: Int = 5) throws -> String {
    _ = try scratch.write(
      "m/tokenizer.json",
      #"""
      {"added_tokens": [{"id": 4, "content": "<e>", "special": true}],
       "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, " ": 3}, "merges": ["a b"]}}
      """#)
    _ = try scratch.write(
      "m/config.json", #"{"vocab_size": \#(vocabularySize), "eos_token_id": [4, 3]}"#)
    return scratch.file("m")
  }

  private func stream(
    _ corpus: [String], _ options: CorpusTokens.Options, _ model: String
  ) throws -> [UInt32] {
    let size = try ModelVocabulary(directory: model).size
    let stream = try CorpusTokens(
      TextCorpus(corpus), Tokenizer(model), options: options, vocabularySize: size
    ).stream()
    return try stream.tokens(0..<stream.count)
  }

  @Test func documentsFollowOneAnother() throws {
    let model = try model()
    let corpus = [
      try scratch.write("a.jsonl", "{\"text\": \"ab a\"}\n{\"text\": \"\"}\n{\"text\": \"b\"}"),
      try scratch.write("b.txt", "a b"),
    ]
    #expect(try stream(corpus, .init(), model) == [2, 3, 0, 1, 0, 3, 1])
    #expect(try stream(corpus, .init(separator: 4), model) == [2, 3, 0, 4, 1, 4, 0, 3, 1, 4])
    let few = CorpusTokens.Options(separator: 4, skippedTokens: [3], limit: 6)
    #expect(try stream(corpus, few, model) == [2, 0, 4, 1, 4, 0])
    let opened = try TokenStream(opening: corpus[1], model: model)
    #expect(try opened.tokens(0..<opened.count) == [0, 3, 1, 4])
    #expect(opened.name == corpus[1])
  }

  /// As many documents as take several parts come in the same order on any number of threads.
  @Test func partsAndThreadsMakeNoDifference() throws {
    let model = try model()
    let lines = (0..<100).map {
      "{\"text\": \"\(String(repeating: $0 % 3 == 0 ? "ab" : "b a", count: $0))\"}"
    }
    let file = try scratch.write("a.jsonl", lines.joined(separator: "\n"))
    let whole = try stream([file], .init(separator: 4), model)
    #expect(whole.count { $0 == 4 } == 99)
    for threads in 1...3 {
      var tokens = try CorpusTokens(
        TextCorpus([file]), Tokenizer(model), options: .init(separator: 4))
      tokens.batchBytes = 500
      var parts: [[UInt32]] = []
      try Threads.withCount(threads) { try tokens.forEachPart { ids, _ in parts.append(ids) } }
      #expect(parts.count > 10 && Array(parts.joined()) == whole)
    }
  }

  @Test func theFileSaysWhatItWasMadeFrom() throws {
    let model = try model()
    let file = try scratch.write("a.jsonl", "{\"text\": \"ab\"}\n{\"text\": \"a\"}")
    let tokens = try CorpusTokens(
      TextCorpus([file]), Tokenizer(model), options: .init(separator: 4))
    let out = scratch.file("o/t.npy")
    _ = try scratch.write("o/x", "")
    let description = try tokens.write(out)
    #expect(description.documents == 2 && description.tokens == 4 && description.separator == 4)
    #expect(description.source == [file] && description.field == "text")
    let beside = try Data(contentsOf: URL(fileURLWithPath: scratch.file("o/t.json")))
    #expect(try JSONDecoder().decode(CorpusTokens.Description.self, from: beside) == description)
    let tensor = try NpyFile(out).tensor
    #expect(tensor.type == .u16 && tensor.shape == [4])
    #expect(try tensor.integers(0..<4) == [2, 4, 0, 4])
    #expect(throws: FileError.self) { try tokens.write(out) }
  }

  @Test func idsBeyondTheModel() throws {
    let small = try model(vocabularySize: 3)
    let file = try scratch.write("a.jsonl", "{\"text\": \"ab\"}\n{\"text\": \"a<e>\"}")
    #expect(throws: ModelError.self) { try stream([file], .init(), small) }
    // The vocabulary fits, and an added token that is in the text does not.
    let model = try model(vocabularySize: 4)
    let error = try #require(throws: ModelError.self) { try stream([file], .init(), model) }
    #expect(error.description.hasPrefix("\(file): line 2: expected ids below"), "\(error)")
    #expect(throws: ModelError.self) { try stream([file], .init(separator: 4), model) }
    let empty = try scratch.write("e.txt", "")
    #expect(throws: ModelError.self) { try TokenStream(opening: empty, model: model) }
  }
}
