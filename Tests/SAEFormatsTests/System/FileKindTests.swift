import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

/// Files that are no tensors say what they are, whoever opens them.
@Suite struct FileKindTests {
  @Test(arguments: FileOfAnotherKind.all) func everyReaderSaysWhatItIs(
    _ sample: FileOfAnotherKind
  ) throws {
    let scratch = try ScratchFolder()
    let path = try scratch.write("weights.safetensors", sample.bytes)
    let isText = sample.words.contains { $0 == "JSON" }
    let readers: [(String, () throws -> Void)] = [
      ("safetensors", { _ = try SafetensorsFile(path) }), ("npy", { _ = try NpyFile(path) }),
      ("npz", { _ = try NpzFile(path) }), ("any", { _ = try TensorFile(path) }),
      ("JSON", { if !isText { _ = try JSONValue.read(path) } else { _ = try NpyFile(path) } }),
    ]
    for (name, read) in readers {
      let said = try #require(refusal(read), "\(name): \(sample.words)")
      #expect(!said.contains("\n"))
      #expect(said.hasPrefix(scratch.path), "\(name): \(said)")
      for word in sample.words { #expect(said.contains(word), "\(name): \(said)") }
    }
  }

  /// Formats are taken for one another.
  @Test func tensorsOfAnotherFormatAreNamed() throws {
    let scratch = try ScratchFolder()
    try scratch.writeTensors("a", ["x": [2, 2]])
    var npy = try NpyWriter(scratch.file("b"), TensorDeclaration("x", .f32, [2]))
    try npy.append([1, 2] as [Float], to: "x")
    try npy.finish()
    #expect(
      refusal { _ = try NpyFile(scratch.file("a")) }?.contains("found a safetensors file") == true)
    #expect(
      refusal { _ = try NpzFile(scratch.file("a")) }?.contains("found a safetensors file") == true)
    #expect(
      refusal { _ = try SafetensorsFile(scratch.file("b")) }?.contains("found an npy file") == true)
  }

  /// A header's length may have any lower bytes, those of other formats too.
  @Test func lengthsThatLookLikeOtherFormats() throws {
    let starts: [[UInt8]] = [
      [0x7B, 0], [0x80, 2], [0x50, 0x4B, 3, 0], [0x3C, 0x21], [0x1F, 0x8B, 8], [0x0A, 0x7B],
    ]
    for start in starts {
      let length = start.enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
      var header = Array("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}".utf8)
      header += [UInt8](repeating: 0x20, count: length - header.count)
      let bytes = start + [UInt8](repeating: 0, count: 8 - start.count) + header + [0, 0, 128, 63]
      guard length > 60 else { continue }
      #expect(try SafetensorsFile(FileBytes(bytes, name: "x")).tensor("x").floats() == [1])
      // Cut short it is one still.
      let short = FileBytes(Array(bytes.prefix(bytes.count - 2)), name: "x")
      #expect(refusal { _ = try SafetensorsFile(short) }?.contains("the file is cut short") == true)
      let header0 = FileBytes(Array(bytes.prefix(40)), name: "x")
      #expect(
        refusal { _ = try SafetensorsFile(header0) }?.contains("the file is cut short") == true)
    }
  }

  /// A byte-order mark is skipped wherever JSON is read.
  @Test func byteOrderMarks() throws {
    let scratch = try ScratchFolder()
    let path = try scratch.write("a.json", "\u{FEFF}{\"a\": [1]}")
    #expect(
      try JSONValue.read(path)
        == .object(
          {
            var object = JSONObject()
            object["a"] = .array([.number("1")])
            return object
          }()))
    let bad = try scratch.write("b.json", "\u{FEFF}{\"a\" 1}")
    #expect(refusal { _ = try JSONValue.read(bad) }?.contains("byte 8: expected \":\"") == true)
    // One mark, not two.
    let two = try scratch.write("c.json", "\u{FEFF}\u{FEFF}{}")
    #expect(refusal { _ = try JSONValue.read(two) } != nil)
  }
}
