import Foundation
import SAECore
import SAEModels
import Testing

@Suite struct TextCorpusTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private func texts(
    _ paths: [String], _ options: TextCorpus.Options = .init()
  ) throws -> [String] {
    var texts: [String] = []
    try TextCorpus(paths, options: options).forEachDocument { document, _ in
      texts.append(document.text)
      return true
    }
    return texts
  }

  @Test func aFileIsADocument() throws {
    let file = try scratch.write("a.txt", "\u{FEFF}one\r\n\ntwo\n")
    #expect(try texts([file]) == ["one\r\n\ntwo\n"])
    #expect(try texts([file], .init(splitsAtBlankLines: true)) == ["one", "two"])
    let more = try scratch.write("b.txt", "\n \n a\nb\n\t\n\n\nc")
    #expect(try texts([more], .init(splitsAtBlankLines: true)) == [" a\nb", "c"])
  }

  @Test func aFieldOfEachLine() throws {
    let file = try scratch.write(
      "a.jsonl",
      #"{"id": [1, {"text": 2}], "text": "a\nb \u00e9"}"# + "\n\n" + #"{"text":"c"}"# + "\r\n")
    #expect(try texts([file]) == ["a\nb é", "c"])
    let other = try scratch.write("b.jsonl", #"{"body": "x", "text": "y"}"#)
    #expect(try texts([other], .init(field: "body")) == ["x"])
  }

  @Test func aColumnOfValues() throws {
    let file = try scratch.write(
      "a.csv", "id,text,n\n1,plain,2\r\n2,\"a \"\"b\"\",\n\nc\",3\n3,,4\n4,\"\",5\n5,last,6")
    #expect(try texts([file]) == ["plain", "a \"b\",\n\nc", "last"])
    #expect(try texts([file], .init(field: "n")) == ["2", "3", "4", "5", "6"])
  }

  @Test func foldersInTheOrderOfNames() throws {
    _ = try scratch.write("f/b.txt", "b")
    _ = try scratch.write("f/a/z.txt", "z")
    _ = try scratch.write("f/a/y.jsonl", #"{"text": "y"}"#)
    _ = try scratch.write("f/.hidden.txt", "no")
    _ = try scratch.write("f/README.md", "no")
    #expect(try texts([scratch.file("f")]) == ["y", "z", "b"])
    #expect(TextCorpus.isText(scratch.file("f")))
    #expect(!TextCorpus.isText(scratch.file("f/README.md")))
    let twice = [scratch.file("f/b.txt"), scratch.file("f/b.txt")]
    #expect(try texts(twice) == ["b", "b"])
  }

  @Test func readingStopsWhereItIsToldTo() throws {
    let lines = (0..<10).map { #"{"text": "\#($0)"}"# }.joined(separator: "\n")
    let file = try scratch.write("a.jsonl", lines)
    var count = 0
    try TextCorpus([file, file]).forEachDocument { _, _ in
      count += 1
      return count < 3
    }
    #expect(count == 3)
  }

  @Test(arguments: [
    ("a.jsonl", "{\"text\": \"a\"}\n{\"text\": 3}", 2, "a text in the field"),
    ("a.jsonl", "{\"text\": \"a\"}\n{\"other\": \"b\"}", 2, "a field \"text\""),
    ("a.jsonl", "{\"text\": \"a\"}\n\n{\"text\": \"b\"", 3, "\",\" or \"}\""),
    ("a.jsonl", "{\"text\": \"a\", \"text\": \"b\"}", 1, "every key once"),
    ("a.jsonl", "[1]", 1, "an object"),
    ("a.csv", "id,text\n1,a\n1,2,3\n", 3, "2 values"),
    ("a.csv", "id,text\n1,\"a\nb", 2, "the end of a quoted value"),
    ("a.csv", "id,text\n1,a\"b", 2, "no quote"),
    ("a.csv", "id,text\n1,\"a\"b", 2, "a comma"),
    ("a.csv", "id,body\n1,a", 1, "a column \"text\""),
    ("a.csv", "", 1, "the names of columns"),
  ])
  func errorsNameFileAndLine(_ name: String, _ text: String, _ line: Int, _ words: String) throws {
    let file = try scratch.write(name, text)
    let error = try #require(throws: FileError.self) { try texts([file]) }
    #expect(error.description.hasPrefix("\(file): line \(line): expected"), "\(error)")
    #expect(error.description.contains(words), "\(error)")
  }

  @Test(arguments: ["a.txt", "a.jsonl", "a.csv"]) func bytesThatAreNotUTF8(_ name: String) throws {
    let lines = name == "a.jsonl" ? "{\"text\": \"a\"}\n{\"text\": \"" : "text\n"
    let file = try scratch.write(name, Array(lines.utf8) + [0xFF, 0x22, 0x7D])
    let error = try #require(throws: FileError.self) { try texts([file]) }
    #expect(error.description.contains("line 2") && error.description.contains("UTF-8"), "\(error)")
  }

  @Test func filesOfOtherKindsAreRefused() throws {
    let file = try scratch.write("a.bin", "x")
    #expect(throws: FileError.self) { try TextCorpus([file]) }
    #expect(throws: FileError.self) { try TextCorpus([scratch.file("missing.txt")]) }
    _ = try scratch.write("empty/a.bin", "x")
    #expect(throws: FileError.self) { try TextCorpus([scratch.file("empty")]) }
  }
}
