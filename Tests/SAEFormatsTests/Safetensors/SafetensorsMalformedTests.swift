import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

@Suite struct SafetensorsMalformedTests {
  @Test
  func everySampleIsRefusedForItsReason() throws {
    let errors: KeyValuePairs = [
      "zero bytes": "wrongContents", "fewer than the 8 bytes": "tooShort",
      "ends inside the JSON header": "tooShort", "header length exceeds the file": "tooShort",
      "declared header length": "headerTooLong",
      "header is not valid UTF-8": "headerNotUTF8",
      "header length 0": "malformed", "header is not JSON": "malformed",
      "JSON array": "malformed", "after the JSON object": "malformed",
      "padded with NUL": "malformed", "must begin with an opening brace": "malformed",
      "entry is a number": "malformed", "metadata": "malformed", "nested 5000 deep": "malformed",
      "lone surrogate": "malformed",
      "twice": "duplicateName",
      "share bytes": "notContiguous", "same bytes": "notContiguous",
      "unused bytes": "notContiguous",
      "after the last tensor": "wrongDataLength", "past the file": "wrongDataLength",
      "byte count differs": "wrongByteCount",
      "dtype missing": "missingField", "data_offsets missing": "missingField",
      "dtype": "unsupportedElementType",
      "negative dimension": "invalidDimension", "does not fit in 64 bits": "invalidDimension",
      "overflows": "sizeOverflow",
      "offset": "invalidOffsets",
    ]
    try MalformedFiles.expect(ending: ".safetensors", errors) { _ = try SafetensorsFile($0) }
  }

  @Test func mutationsNeverCrash() throws {
    let scratch = try ScratchFolder()
    var writer = try SafetensorsWriter(
      scratch.file("x"),
      [
        TensorDeclaration("a", .f32, [3, 4]), TensorDeclaration("é", .bf16, [2, 2]),
        TensorDeclaration("i", .u64, [2]), TensorDeclaration("s", .f16, []),
      ], metadata: ["k": "v"])
    try writer.append(Matrix(rows: 3, columns: 4, repeating: 1), to: "a")
    try writer.append(Matrix(rows: 2, columns: 2, repeating: 2), to: "é")
    try writer.append([7, 8] as [Int], to: "i")
    try writer.append([0.5] as [Float], to: "s")
    try writer.finish()
    let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch.file("x"))))
    let refused = try MalformedFiles.openMutations(of: good, seed: 4) { bytes in
      let file = try SafetensorsFile(bytes)
      for tensor in file.tensors {
        #expect(tensor.floats().count == tensor.count)
        _ = try tensor.matrix()
        if tensor.type.isInteger { _ = try tensor.integers() }
      }
    }
    // Some change data alone, and names; most break the header.
    #expect(refused > 300 && refused < 1000)
  }
}

/// One test a rule: the smallest file that breaks it.
@Suite struct SafetensorsHeaderTests {
  private func bytes(_ header: String, _ dataCount: Int = 4) -> [UInt8] {
    let text = Array(header.utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(text.count) >> (8 * $0)) }
    return length + text + [UInt8](repeating: 0, count: dataCount)
  }

  private func failure(_ bytes: [UInt8]) -> FileError? {
    do throws(FileError) {
      _ = try SafetensorsFile(FileBytes(bytes, name: "x"))
      return nil
    } catch {
      return error
    }
  }

  private func failure(_ header: String, _ dataCount: Int = 4) -> FileError? {
    failure(bytes(header, dataCount))
  }

  private let good = #""dtype":"F32","shape":[1],"data_offsets":[0,4]"#

  @Test func theSmallestFilesAreRead() {
    #expect(failure("{}", 0) == nil)
    #expect(failure("{\"a\":{\(good)}}") == nil)
    #expect(failure(" { }  ".trimmingCharacters(in: .whitespaces) + "   ", 0) == nil)
    #expect(failure("{ \"a\"\t:\n{\(good)}\r}  ") == nil)
    #expect(failure(#"{"__metadata__":{},"":{"# + good + "}}") == nil)
  }

  @Test func length() {
    #expect(
      failure([1, 2, 3])
        == .tooShort(file: "x", part: "length of the header", expected: 8, found: 3))
    #expect(
      failure([9, 0, 0, 0, 0, 0, 0, 0, 0x7B])
        == .tooShort(file: "x", part: "header", expected: 9, found: 1))
    #expect(
      failure([UInt8](repeating: 0xFF, count: 9))
        == .headerTooLong(file: "x", declared: .max, limit: 100_000_000))
  }

  @Test func text() {
    #expect(failure([2, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0xFF]) == .headerNotUTF8(file: "x", offset: 9))
    func malformed(_ header: String, _ offset: Int, _ expected: String, _ found: String) {
      #expect(
        failure(header)
          == .malformed(file: "x", offset: 8 + offset, expected: expected, found: found))
    }
    malformed("", 0, "\"{\"", "the end")
    malformed(" {}", 0, "\"{\"", "byte 0x20")
    malformed("{", 1, "a key in quotes", "the end")
    malformed("{}\n", 2, "nothing but spaces after the header", "byte 0xa")
    malformed("{\"a\"", 4, "\":\"", "the end")
    malformed("{\"a\":5}", 5, "an object that describes a tensor", "\"5\"")
    malformed("{\"a\":{\(good)},}", 54, "a key in quotes", "\"}\"")
    malformed("{\"a\n", 3, "no control character in a string", "byte 0xa")
    malformed("{\"\\x", 3, "an escape", "\"x\"")
    malformed("{\"\\ud800\\u0041\"", 4, "a pair of surrogates", "a lone surrogate")
    malformed("{\"\\u12g4\"", 6, "four hexadecimal digits", "\"g\"")
    malformed("{\"__metadata__\":{\"a\":1}}", 21, "a string as metadata", "\"1\"")
    malformed("{\"a\":{\"shape\":[[", 15, "a number in a shape", "\"[\"")
    malformed("{\"a\":{\"shape\":[01", 16, "\",\" or \"]\"", "\"1\"")
    let axes = [String](repeating: "1", count: 65).joined(separator: ",")
    malformed("{\"a\":{\"shape\":[\(axes)]", 143, "at most 64 numbers in a shape", "\"1\"")
  }

  @Test func names() {
    #expect(
      failure("{\"a\":{\(good)},\"\\u0061\":{\(good)}}") == .duplicateName(file: "x", name: "a"))
    #expect(
      failure("{\"a\":{\"dtype\":\"F32\",\(good)}}") == .duplicateName(file: "x", name: "dtype"))
    #expect(
      failure(#"{"__metadata__":{"k":"","k":""}}"#) == .duplicateName(file: "x", name: "k"))
    #expect(
      failure("{\"a\":{\(good),\"x\":1}}")
        == .unknownField(file: "x", tensor: "a", field: "x"))
    for field in ["dtype", "shape", "data_offsets"] {
      var fields = ["\"dtype\":\"F32\"", "\"shape\":[1]", "\"data_offsets\":[0,4]"]
      fields.removeAll { $0.hasPrefix("\"\(field)\"") }
      #expect(
        failure("{\"a\":{\(fields.joined(separator: ","))}}")
          == .missingField(file: "x", tensor: "a", field: field))
    }
  }

  @Test func typesAndSizes() {
    func tensor(_ type: String, _ shape: String, _ offsets: String) -> FileError? {
      failure("{\"a\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}")
    }
    for type in ["f32", "F4", "C64", ""] {
      #expect(
        tensor(type, "[1]", "[0,4]")
          == .unsupportedElementType(file: "x", tensor: "a", found: type))
    }
    for dimension in ["-1", "-0", "1.0", "1e0", "9223372036854775808"] {
      #expect(
        tensor("F32", "[\(dimension)]", "[0,4]")
          == .invalidDimension(file: "x", tensor: "a", found: dimension))
    }
    #expect(
      tensor("F32", "[4611686018427387904,4]", "[0,0]")
        == .sizeOverflow(
          file: "x", tensor: "a", shape: [4_611_686_018_427_387_904, 4], type: .f32))
    #expect(
      tensor("F64", "[2305843009213693952]", "[0,0]")
        == .sizeOverflow(file: "x", tensor: "a", shape: [2_305_843_009_213_693_952], type: .f64))
    for offsets in [
      "[]", "[4]", "[0,4,8]", "[4,0]", "[0,4.0]", "[-4,0]", "[0,9223372036854775807]",
    ] {
      #expect(
        tensor("F32", "[1]", offsets)
          == .invalidOffsets(file: "x", tensor: "a", found: offsets))
    }
    #expect(
      tensor("F32", "[1]", "[0,3]")
        == .wrongByteCount(
          file: "x", tensor: "a", shape: [1], type: .f32, expected: 4, found: 3))
  }

  @Test func placement() {
    func pair(_ first: String, _ second: String) -> FileError? {
      failure(
        """
        {"a":{"dtype":"F32","shape":[1],"data_offsets":\(first)},\
        "b":{"dtype":"F32","shape":[1],"data_offsets":\(second)}}
        """, 12)
    }
    func notContiguous(_ tensor: String, _ expected: Int, _ found: Int) -> FileError {
      .notContiguous(file: "x", tensor: tensor, expectedBegin: expected, found: found)
    }
    #expect(pair("[4,8]", "[8,12]") == notContiguous("a", 0, 4))
    #expect(pair("[0,4]", "[8,12]") == notContiguous("b", 4, 8))
    #expect(pair("[0,4]", "[2,6]") == notContiguous("b", 4, 2))
    #expect(pair("[4,8]", "[0,4]") == .wrongDataLength(file: "x", expected: 8, found: 12))
    #expect(pair("[0,4]", "[4,8]") == .wrongDataLength(file: "x", expected: 8, found: 12))
    // Tensors without elements may stand anywhere between others.
    #expect(
      failure(
        """
        {"a":{\(good)},"b":{"dtype":"U8","shape":[0],"data_offsets":[4,4]},\
        "c":{"dtype":"U8","shape":[0,7],"data_offsets":[0,0]}}
        """) == nil)
  }
}
