import Foundation
import Testing

@testable import SAEStudy

@Suite struct TokenTextsTests {
  @Test func byteLevel() throws {
    let folder = try ScratchFolder()
    // Ġ is a space, Ċ a line break; Ã and © are the bytes of é.
    let file = try folder.write(
      """
      {"added_tokens": [{"id": 0, "content": "<eos>", "special": true},
                        {"id": 7, "content": "<tool>", "special": false}],
       "decoder": {"type": "ByteLevel"},
       "model": {"vocab": {"<eos>": 0, "Ġcell": 1, "s": 2, "Ċ": 3, "Ã": 4, "©": 5, "Ã©t": 6}}}
      """, to: "tokenizer.json")
    let texts = try TokenTexts(file: file)
    #expect(texts.special == [0])
    #expect(texts.text(1) == " cell")
    #expect(texts.text(3) == "\n")
    #expect(texts.text(6) == "ét")
    #expect(texts.text(7) == "<tool>")
    #expect(texts.text(99) == "[99]")
    #expect(texts.texts([1, 2, 4, 5, 0]) == [" cell", "s", "", "é", "<eos>"])
    // A character that never ends is shown where the run does.
    #expect(texts.texts([1, 4]) == [" cell", "\u{FFFD}"])
  }

  @Test func sentencePiece() throws {
    let folder = try ScratchFolder()
    let file = try folder.write(
      """
      {"added_tokens": [{"id": 0, "content": "<pad>", "special": true}],
       "decoder": {"type": "Sequence", "decoders": [{"type": "Replace"}, {"type": "ByteFallback"}]},
       "model": {"vocab": {"<pad>": 0, "▁cell": 1, "<0xC3>": 2, "<0xA9>": 3, "Ġ": 4}}}
      """, to: "tokenizer.json")
    let texts = try TokenTexts(file: file)
    #expect(texts.texts([1, 2, 3, 4]) == [" cell", "", "é", "Ġ"])
  }

  @Test(arguments: [
    ("[]", "a JSON object"), ("", "an empty file"),
    ("<!DOCTYPE html><html></html>", "a web page (HTML)"),
    (
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 17210019\n",
      "a Git LFS pointer to a file of 17210019 bytes"
    ), ("{\"model\": {\"vocab\"", "JSON text that is another or has an error"),
    ("{\"model\": {}}", "model.vocab"),
    ("{\"model\": {\"vocab\": {\"a\": -1}}}", "an id from 0"),
    ("{\"model\": {\"vocab\": {\"a\": 4000000000}}}", "an id from 0"),
    ("{\"model\": {\"vocab\": {\"a\": \"1\"}}}", "an id from 0"),
  ])
  func whatIsNoTokenizer(_ json: String, _ message: String) throws {
    let folder = try ScratchFolder()
    let file = try folder.write(json, to: "tokenizer.json")
    let error = try #require(throws: StudyError.self) { try TokenTexts(file: file) }
    #expect(error.description.contains(message))
    #expect(error.description.hasPrefix(file))
  }
}
