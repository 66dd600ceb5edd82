import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

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

  /// A directory for an autoencoder with some files.
  private func finish(
    _ path: String, _ files: [String], replacing: Artifact? = nil
  ) throws {
    let directory = try AtomicDirectory(path)
    for file in files { try write("new", to: directory.file(file)) }
    try directory.finish(replacing: replacing)
  }

  private func kept(_ body: () throws -> Void) -> String? {
    do {
      try body()
    } catch FileError.notPlaced(_, let kept, _) {
      return kept
    } catch {
      Issue.record("\(error)")
    }
    return nil
  }

  @Test func replacesOnlyWhenAsked() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("sae")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try finish(path, ["params.npz"])
    let weights = "sae_weights.safetensors"
    let beside = kept { try finish(path, [weights]) }
    #expect(beside == scratch.file("sae.result"))
    #expect(try text("\(path)/params.npz") == "new")
    #expect(try text(scratch.file("sae.result/\(weights)")) == "new")
    #expect(kept { try finish(path, [weights]) } == scratch.file("sae.result-2"))
    try finish(path, [weights], replacing: .weights)
    #expect(scratch.names == ["sae", "sae.result", "sae.result-2"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [weights])
  }

  /// The first foreign name is given, in the order of names, and all stay.
  @Test func replacesNothingElse() throws {
    for (foreign, found) in [
      ("notes", "\"notes\""), ("a\"b\n", "\"a\\\"b\\n\""), (".hidden", "\".hidden\""),
      ("cfg.json.bak", "\"cfg.json.bak\""),
    ] {
      let scratch = try ScratchFolder()
      let path = scratch.file("sae")
      try finish(path, ["params.npz", foreign])
      do {
        try Destination(path).check(for: .weights, replacing: true)
        Issue.record("\(foreign) was not seen")
      } catch {
        #expect(error.description.hasSuffix("found \(found)"), "\(error)")
      }
      #expect(kept { try finish(path, ["params.npz"], replacing: .weights) } != nil)
      #expect(try text("\(path)/\(foreign)") == "new")
    }
    let scratch = try ScratchFolder()
    // Bytes that are no UTF-8, which no text can name.
    try finish(scratch.file("sae"), ["params.npz"])
    let made = scratch.path.withCString { folder in
      open("\(String(cString: folder))/sae/x", O_CREAT | O_WRONLY, 0o666)
    }
    close(made)
    let bytes: [CChar] = Array("\(scratch.path)/sae/caf".utf8CString.dropLast()) + [-23, 0]
    #expect(rename(scratch.file("sae/x"), bytes) == 0)
    let error = #expect(throws: FileError.self) {
      try Destination(scratch.file("sae")).check(for: .weights, replacing: true)
    }
    #expect(
      error?.description.hasSuffix("found \"caf\\xE9\"") == true, "\(error?.description ?? "")")
    #expect(
      throws: FileError.nameNotUTF8(
        folder: scratch.file("sae"), name: Array("caf".utf8) + [0xE9])
    ) {
      _ = try FileName.list(scratch.file("sae"))
    }
    #expect(
      try FileName.list(scratch.file("sae")) { FileName.ends($0, in: ".npz") } == ["params.npz"])
  }

  /// What gets into the old directory while it is replaced is kept.
  @Test func whatIsForeignIsNeverRemoved() throws {
    let scratch = try ScratchFolder()
    try finish(scratch.file("old"), ["params.npz", "notes"])
    #expect(!Artifact.weights.remove("old", in: try DirectoryHandle(scratch.path)))
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("old")) == ["notes"])
  }

  @Test func linksAreResolved() throws {
    let scratch = try ScratchFolder()
    let manager = FileManager.default
    try manager.createDirectory(
      atPath: scratch.file("a/b"), withIntermediateDirectories: true)
    for (name, target) in [
      ("l", "a"), ("m", "l/b/new"), ("n", "m"), ("loop", "loop"), ("up", ".."),
    ] {
      try manager.createSymbolicLink(atPath: scratch.file(name), withDestinationPath: target)
    }
    let real = try #require(try SystemCall.realPath(scratch.path))
    for (path, expected) in [
      ("x", "x"), ("l/x", "a/x"), ("n", "a/b/new"), ("l/b/../y/", "a/y"), ("l/.", "a"),
      ("a//b", "a/b"),
    ] {
      #expect(try Destination(scratch.file(path)).path == "\(real)/\(expected)")
    }
    #expect(try Destination(scratch.file("a/b/..")).path == "\(real)/a")
    for path in [scratch.file("loop"), scratch.file("none/x"), "/", "/..", "", scratch.file("x/.")]
    {
      #expect(throws: FileError.self, "\(path)") { _ = try Destination(path) }
    }
    let long = String(repeating: "n", count: 300)
    #expect(throws: FileError.self) {
      try Destination(scratch.file(long)).check(for: .weights)
    }
  }

  @Test func needsItsParent() throws {
    let scratch = try ScratchFolder()
    #expect(throws: FileError.self) { _ = try AtomicDirectory(scratch.file("none/sae")) }
    #expect(throws: FileError.self) { _ = try AtomicFile(scratch.file("none/file")) }
  }
}
