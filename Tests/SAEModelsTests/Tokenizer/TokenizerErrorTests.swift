import Foundation
import SAECore
import SAEModels
import Testing

/// Broken and unsupported files are refused by name.
@Suite struct TokenizerErrorTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  /// A tokenizer of a few letters; a part is a replacement within it.
  private func file(_ replacements: [(String, String)] = []) throws -> String {
    var text = #"""
      {"version": "1.0", "truncation": null, "padding": null,
       "added_tokens": [{"id": 6, "content": "<e>", "single_word": false, "lstrip": false,
         "rstrip": false, "normalized": false, "special": true}],
       "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
       "model": {"type": "BPE", "dropout": null, "unk_token": null, "fuse_unk": false,
         "vocab": {"a": 0, "b": 1, "ab": 2, "c": 3, "abc": 4, "cc": 5},
         "merges": ["a b", ["ab", "c"], "c c"]}}
      """#
    for (old, new) in replacements {
      #expect(text.contains(old), "\(old)")
      text = text.replacingOccurrences(of: old, with: new)
    }
    return try scratch.write("tokenizer.json", text)
  }

  @Test func aSmallTokenizer() throws {
    let tokenizer = try Tokenizer(file())
    let found = tokenizer.encode("abcc<e>b?a")
    #expect(found.ids == [4, 3, 6, 1, 0])
    #expect(found.tokens == ["abc", "c", "<e>", "b", "a"])
    #expect(tokenizer.specialTokens == [6] && tokenizer.vocabularySize == 7)
    #expect(tokenizer.token(2) == "ab" && tokenizer.id(of: "<e>") == 6)
    #expect(tokenizer.token(7) == nil && tokenizer.id(of: "d") == nil)
    #expect(try tokenizer.decode([4, 6, 1], skippingSpecialTokens: true) == "abc b")
    #expect(
      throws: ModelError.tokenOutsideVocabulary(
        sequence: 0, position: 1, vocabularySize: 7, found: 9)
    ) { try tokenizer.decode([1, 9]) }
  }

  @Test(arguments: [
    (#""type": "BPE""#, #""type": "Unigram""#, "model.type"),
    (#""dropout": null"#, #""dropout": 0.1"#, "model.dropout"),
    (#""unk_token": null"#, #""unk_token": "x""#, "model.unk_token"),
    (#""fuse_unk""#, #""fuse_all""#, "model.fuse_all"),
    (#""a b""#, #""a x""#, "model.merges[0]"),
    (#"["ab", "c"]"#, #"["ab", "b"]"#, "model.merges[1]"),
    (#""b": 1"#, #""b": 0"#, "model.vocab.b"),
    (#""b": 1"#, #""b": 999999"#, "model.vocab.b"),
    (#""normalizer": null"#, #""normalizer": {"type": "Nmt"}"#, "normalizer.type"),
    (#""normalizer": null"#, #""normalizer": {"type": "NFC", "x": 1}"#, "normalizer.x"),
    (
      #""pre_tokenizer": null"#,
      #""pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Punctuation"}]}"#,
      "pre_tokenizer.pretokenizers[0].type"
    ),
    (
      #""pre_tokenizer": null"#,
      #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(?<=a)b"}, "behavior": "Isolated"}"#,
      "pre_tokenizer.pattern.Regex"
    ),
    (
      #""pre_tokenizer": null"#,
      #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+"}, "behavior": "Isolated"}"#,
      "pre_tokenizer.pattern.Regex"
    ),
    (#""decoder": null"#, #""decoder": {"type": "WordPiece"}"#, "decoder.type"),
    (
      #""post_processor": null"#, #""post_processor": {"type": "BertProcessing"}"#,
      "post_processor.type"
    ),
    (
      #""post_processor": null"#,
      #""post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"x": {"id": "x", "ids": [77], "tokens": ["x"]}}}"#,
      "post_processor"
    ),
    (#""truncation": null"#, #""truncation": {"max_length": 5}"#, "truncation"),
    (#""id": 6"#, #""id": -1"#, "added_tokens[0].id"),
    (#""content": "<e>""#, #""content": "a""#, "added_tokens[0].id"),
  ])
  func partsAreRefusedByName(_ old: String, _ new: String, _ field: String) throws {
    let path = try file([(old, new)])
    let error = try #require(throws: ModelError.self) { try Tokenizer(path) }
    #expect(error.description.hasPrefix("\(path): field \"\(field)\""), "\(error)")
  }

  @Test func jsonThatIsBroken() throws {
    let path = try file()
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    for length in stride(from: 0, to: bytes.count, by: 7) {
      let part = try scratch.write("part.json", bytes[..<length])
      #expect(throws: FileError.self) { try Tokenizer(part) }
    }
  }

  @Test func directories() throws {
    let error = try #require(throws: FileError.self) { try Tokenizer(scratch.path) }
    #expect(error.description.contains("vocab.json"))
    _ = try scratch.write("g/vocab.json", #"{"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3}"#)
    #expect(throws: FileError.self) { try Tokenizer(scratch.file("g")) }
    _ = try scratch.write("g/merges.txt", "#version: 0.2\na b\n")
    let tokenizer = try Tokenizer(scratch.file("g"))
    #expect(tokenizer.ids(of: "aba<|endoftext|>") == [2, 0, 3])
    let merges = try scratch.write("g/merges.txt", "#version: 0.2\na b\na c\n")
    let wrong = try #require(throws: ModelError.self) { try Tokenizer(scratch.file("g")) }
    #expect(wrong.description.hasPrefix("\(merges): field \"line 3\""), "\(wrong)")
  }

  /// Long pieces take time n log n, and equal the short way.
  @Test func longPiecesEqualShortOnes() throws {
    let tokenizer = try Tokenizer(file())
    let text = String(repeating: "abccab", count: 20_000)
    let ids = tokenizer.ids(of: text)
    #expect(try tokenizer.decode(ids).replacingOccurrences(of: " ", with: "") == text)
    #expect(ids == (0..<20_000).flatMap { _ in [4, 3, 2] as [UInt32] })
    #expect(tokenizer.ids(of: String(text.prefix(24))) == Array(ids.prefix(12)))
  }
}
