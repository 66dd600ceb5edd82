import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

/// The fixtures' hostile files and what their manifest says is wrong with each.
enum MalformedFiles {
  struct Manifest: Decodable {
    struct Entry: Decodable {
      let file: String
      let problem: String
    }
    let files: [Entry]
  }

  /// Opens every file with the ending and expects the error that its description means.
  ///
  /// `errors` has pairs of a phrase in a description and the name of the error's case; the first
  /// phrase that occurs counts. An empty name stands for files that may be accepted.
  static func expect(
    ending: String, _ errors: KeyValuePairs<String, String>, open: (String) throws -> Void
  ) throws {
    let manifest = try Fixtures.json(Manifest.self, "formats/malformed/manifest.json")
    let files = try Fixtures.files(in: "formats/malformed", ending: ending)
    for path in files {
      let name = URL(fileURLWithPath: path).lastPathComponent
      let entry = try #require(manifest.files.first { $0.file == name }, "\(name)")
      let expected = try #require(
        errors.first { entry.problem.contains($0.key) }?.value, "\(name): \(entry.problem)")
      do {
        try open(path)
        if !expected.isEmpty { Issue.record("\(name) was accepted: \(entry.problem)") }
      } catch let error as FileError {
        print("malformed:", error)
        #expect(error.caseName == expected, "\(name): \(entry.problem): \(error)")
        #expect(error.description.hasPrefix(path))
        #expect(!error.description.contains("\n"))
      }
    }
  }

  /// Opens and reads a thousand changed copies of a good file; each is accepted or refused with a
  /// typed error. Returns how many were refused.
  static func openMutations(
    of bytes: [UInt8], seed: UInt64, _ open: (FileBytes) throws -> Void
  ) throws -> Int {
    var generator = SeededGenerator(seed)
    var refused = 0
    for _ in 0..<1000 {
      do {
        try open(FileBytes(mutate(bytes, &generator), name: "mutation"))
      } catch is FileError {
        refused += 1
      }
    }
    return refused
  }
}
