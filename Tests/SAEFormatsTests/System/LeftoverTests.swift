import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What killed processes leave under temporary names goes with the next writing; what is being written,
/// is complete or is somebody else's stays.
@Suite struct LeftoverTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func text(_ name: String) -> String? {
    FileManager.default.contents(atPath: scratch.file(name)).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  private func make(_ name: String) throws {
    try Data("left".utf8).write(to: URL(fileURLWithPath: scratch.file(name)))
  }

  private func makeDirectory(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: scratch.file("\(name)/inner"), withIntermediateDirectories: true)
    try make("\(name)/inner/weights")
  }

  @Test func leftoversOfTheNameGo() throws {
    try make(".a.1abc.partial")
    try makeDirectory(".a.0z.partial")
    try AtomicFile.write(Array("new".utf8), to: scratch.file("a"))
    #expect(scratch.names == ["a"])
    try makeDirectory(".d.1abc.partial")
    try make(".d.2.partial")
    let directory = try AtomicDirectory(scratch.file("d"))
    try AtomicFile.write([], to: directory.file("cfg.json"))
    try directory.finish()
    #expect(scratch.names == ["a", "d"])
  }

  @Test func othersStay() throws {
    let others = [
      ".a-b.1abc.partial", ".a.b.1abc.partial", ".a..partial", ".a.1abc.old", ".a.NOTES.partial",
      ".a.partial", "a.1abc.partial",
    ]
    for name in others { try make(name) }
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file(".a.9link.partial"), withDestinationPath: scratch.file("a.1abc.partial"))
    try AtomicFile.write([], to: scratch.file("a"))
    #expect(scratch.names == (others + ["a", ".a.9link.partial"]).sorted())
    #expect(text("a.1abc.partial") == "left")
  }

  /// Two writers of one name, as the library allows: neither takes the other's for a leftover.
  @Test func whatIsBeingWrittenStays() throws {
    var first = try AtomicFile(scratch.file("a"))
    try first.append(Array("first".utf8))
    var second = try AtomicFile(scratch.file("a"))
    try second.append(Array("second".utf8))
    #expect(scratch.names.count == 2)
    try first.finish()
    #expect(text("a") == "first")
    try second.finish()
    #expect(text("a") == "second")
    #expect(scratch.names == ["a"])

    let one = try AtomicDirectory(scratch.file("d"))
    try AtomicFile.write([], to: one.file("one"))
    let other = try AtomicDirectory(scratch.file("d"))
    try one.finish()
    _ = consume other
    #expect(scratch.names == ["a", "d"])
    #expect(FileManager.default.fileExists(atPath: scratch.file("d/one")))
  }

  /// What is complete, and can have no name at all, is no leftover.
  @Test func whatIsCompleteStays() throws {
    do {
      try SystemCall.$interposed.withValue({ operation, _ in operation == .rename ? EROFS : nil }) {
        try AtomicFile.write(Array("complete".utf8), to: scratch.file("a"))
      }
      Issue.record("renamed")
    } catch FileError.notPlaced(_, let kept, _) {
      try AtomicFile.write(Array("new".utf8), to: scratch.file("a"))
      #expect(text("a") == "new")
      #expect(FileManager.default.contents(atPath: kept) == Data("complete".utf8))
    }
  }
}
