import Foundation
import Testing

@testable import SAECore

@Suite struct AtomicDirectoryTests {
  private func write(_ text: String, to path: String) throws {
    try AtomicFile.write(Array(text.utf8), to: path)
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func appearsWhenComplete() throws {
    let scratch = try ScratchFolder()
    let directory = try AtomicDirectory(scratch.file("sae/"))
    try write("new", to: directory.file("cfg.json"))
    #expect(!scratch.names.contains("sae"))
    try directory.finish()
    #expect(scratch.names == ["sae"])
    #expect(try text(scratch.file("sae/cfg.json")) == "new")
  }

  @Test func disappearsWhenNotFinished() throws {
    let scratch = try ScratchFolder()
    do {
      let directory = try AtomicDirectory(scratch.file("sae"))
      try write("new", to: directory.file("cfg.json"))
      #expect(scratch.names.count == 1)
    }
    #expect(scratch.names == [])
  }

  @Test func replacesOnlyWhenAsked() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("sae")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    let first = try AtomicDirectory(path)
    try write("first", to: first.file("a"))
    try first.finish()
    #expect(throws: TensorFileError.alreadyExists(file: path)) {
      let second = try AtomicDirectory(path)
      try write("second", to: second.file("a"))
      try second.finish()
    }
    #expect(try text("\(path)/a") == "first")
    let third = try AtomicDirectory(path)
    try write("third", to: third.file("b"))
    try third.finish(replacing: true)
    #expect(scratch.names == ["sae"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["b"])
  }

  @Test func needsItsParent() throws {
    let scratch = try ScratchFolder()
    #expect(throws: TensorFileError.self) { _ = try AtomicDirectory(scratch.file("none/sae")) }
    #expect(throws: TensorFileError.self) { _ = try AtomicFile(scratch.file("none/file")) }
  }
}
