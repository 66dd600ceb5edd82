import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

/// Files that NumPy wrote, with their values.
@Suite struct NumPyFixtureTests {
  private struct Npy: Decodable {
    struct Entry: Decodable {
      let shape: [Int]
      let shouldLoad: Bool
      /// A value that JSON cannot hold is a string.
      let values: [Value]?

      enum CodingKeys: String, CodingKey {
        case shape
        case shouldLoad = "should_load"
        case values = "values_row_major"
      }
    }
    let files: [String: Entry]
  }

  private enum Value: Decodable {
    case number(Double), text(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        self = .number(flag ? 1 : 0)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    func matches(_ value: Double) -> Bool {
      switch self {
      case .number(let number): value == number
      case .text(let text):
        // Written as short as float32 allows.
        Float(text).map { value.isNaN ? $0.isNaN : Double($0).bitPattern == value.bitPattern }
          ?? false
      }
    }
  }

  private struct Npz: Decodable {
    let arrays: [String: ExpectedArray]
  }

  @Test func everyArrayIsReadOrRefused() throws {
    let expected = try Fixtures.json(Npy.self, "formats/numpy/expected_npy.json")
    for path in try Fixtures.files(in: "formats/numpy", ending: ".npy") {
      let name = URL(fileURLWithPath: path).lastPathComponent
      let entry = try #require(expected.files[name], "\(name)")
      guard entry.shouldLoad else {
        do {
          _ = try NpyFile(path)
          Issue.record("\(name) was read")
        } catch {
          print("npy:", error)
          #expect(error.caseName == "unsupportedElementType")
        }
        continue
      }
      let tensor = try NpyFile(path).tensor
      print("npy:", name, tensor.type, tensor.shape)
      #expect(tensor.shape == entry.shape, "\(name)")
      let values = try #require(entry.values)
      let doubles = tensor.doubles()
      #expect(doubles.count == values.count)
      #expect(zip(values, doubles).allSatisfy { $0.matches($1) }, "\(name): \(doubles)")
      #expect(
        zip(tensor.floats(), doubles).allSatisfy { $0 == Float($1) || $0.isNaN && $1.isNaN })
      if tensor.type.isInteger { #expect(try tensor.integers() == doubles.map { Int($0) }) }
      if tensor.count > 0 {
        let whole = try tensor.matrix()
        #expect(whole.array.elementsEqual(tensor.floats()) { $0 == $1 || $0.isNaN && $1.isNaN })
        for row in 0..<tensor.rows {
          let part = try tensor.matrix(rows: row..<tensor.rows)
          #expect(
            part.array.elementsEqual(Matrix(whole[rows: row..<tensor.rows]).array) {
              $0 == $1 || $0.isNaN && $1.isNaN
            })
        }
      }
    }
  }

  @Test func everyArchiveHoldsTheSameArrays() throws {
    let expected = try Fixtures.json(Npz.self, "formats/numpy/expected_npz.json")
    for path in try Fixtures.files(in: "formats/numpy", ending: ".npz") {
      print("npz:", URL(fileURLWithPath: path).lastPathComponent)
      let file = try NpzFile(path)
      #expect(Set(file.names) == Set(expected.arrays.keys))
      for (name, array) in expected.arrays {
        let tensor = try file.tensor(name)
        #expect(tensor.shape == array.shape)
        #expect(tensor.floats() == array.valuesRowMajor.map { Float($0) })
      }
      #expect(file.contains("a") && !file.contains("a.npy"))
      #expect(
        throws: FileError.noSuchTensor(file: path, tensor: "c", present: file.names)
      ) { try file.tensor("c") }
    }
  }

  @Test func everyMalformedArrayIsRefusedForItsReason() throws {
    let errors: KeyValuePairs = [
      "fewer than 6 magic": "tooShort", "magic": "malformed", "format version": "malformed",
      "header length": "tooShort", "fewer data": "wrongByteCount", "terabytes": "wrongByteCount",
      "negative dimension": "invalidDimension", "overflows": "sizeOverflow",
      "missing": "missingField", "unknown key": "unknownField", "not a dictionary": "malformed",
      "an expression": "malformed", "bare integer": "malformed", "is a string": "malformed",
      "element size 3": "unsupportedElementType", "object dtype": "unsupportedElementType",
    ]
    try MalformedFiles.expect(ending: ".npy", errors) { _ = try NpyFile($0) }
  }

  @Test func everyMalformedArchiveIsRefusedForItsReason() throws {
    let errors: KeyValuePairs = [
      "end of central directory": "malformed", "offset past the end": "outside",
      "compressed size exceeds": "outside", "promises five members": "wrongMemberCount",
      "CRC-32": "wrongChecksum", "uncompressed size about": "implausibleMemberSize",
      "inflates to": "implausibleMemberSize", "inner array claims": "wrongByteCount",
      "deflate stream is corrupt": "corruptMember", "method 14": "unsupportedCompression",
      "encrypted": "encrypted", "same name": "duplicateName", "same bytes": "overlappingMembers",
      "two sizes differ": "wrongMemberSize", "not an npy file": "malformed",
      "never use member names as paths": "",
    ]
    try MalformedFiles.expect(ending: ".npz", errors) { path in
      let file = try NpzFile(path)
      for name in file.names { _ = try file.tensor(name).floats() }
    }
  }
}
