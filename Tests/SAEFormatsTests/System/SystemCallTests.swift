import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Below the level of kills: every call to the system is seen, and each is made to fail.
@Suite struct SystemCallTests {
  private func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }

  // MARK: Files

  private func writeFile(_ path: String, replacing: Bool = true) throws {
    var file = try AtomicFile(path, replacing: replacing)
    try file.append(Array("new ".utf8))
    try file.append(Array("text".utf8))
    try file.finish()
  }

  @Test func aFileIsWrittenSynchronizedAndRenamedInThisOrder() throws {
    let folder = try ScratchFolder()
    let run = SystemCallLog.logged { try writeFile(folder.file("a")) }
    #expect(run.error == nil)
    #expect(
      run.operations == [.create, .write, .write, .synchronize, .rename, .synchronizeDirectory])
    #expect(text(folder.file("a")) == "new text")
    #expect(folder.names == ["a"])
  }

  /// Whatever fails, the old file stays until the new one has its name, and no temporary is left. What
  /// is complete and cannot have its name is kept beside.
  @Test(arguments: [EIO, ENOSPC, EDQUOT, EACCES, EROFS], [true, false])
  func everyCallMayFail(_ code: Int32, _ replacing: Bool) throws {
    let whole = try ScratchFolder()
    let operations = SystemCallLog.logged { try writeFile(whole.file("a"), replacing: false) }
      .operations
    for (index, operation) in operations.enumerated() {
      let folder = try ScratchFolder()
      let path = folder.file("a")
      if replacing { try Data("old".utf8).write(to: URL(fileURLWithPath: path)) }
      let run = SystemCallLog.logged(failing: index, code: code) {
        try writeFile(path, replacing: replacing)
      }
      let error = try #require(run.error, "\(operation)")
      switch operation {
      case .rename:
        guard case .notPlaced(_, let kept, _) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(text(kept) == "new text")
        #expect(folder.names == (replacing ? ["a", "a.result"] : ["a.result"]))
        if replacing { #expect(text(path) == "old") }
      case .synchronizeDirectory:
        // The new name may get lost when the power fails; until then it is there.
        #expect(folder.names == ["a"])
        #expect(text(path) == "new text")
      default:
        #expect(folder.names == (replacing ? ["a"] : []), "\(operation)")
        if replacing { #expect(text(path) == "old") }
      }
      let isFull = code == ENOSPC || code == EDQUOT
      if operation != .rename {
        #expect((error == .diskFull(file: path)) == (isFull && operation != .synchronizeDirectory))
      }
    }
  }

  // MARK: Directories

  private func writeDirectory(_ path: String, replacing: Bool) throws {
    let directory = try AtomicDirectory(path)
    try AtomicFile.write(Array("cfg".utf8), to: directory.file("cfg.json"))
    try AtomicFile.write(Array("new".utf8), to: directory.file("sae_weights.safetensors"))
    try directory.finish(replacing: replacing ? .weights : nil)
  }

  /// An old autoencoder.
  private func prepare(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try Data("old".utf8).write(to: URL(fileURLWithPath: "\(path)/sae_weights.safetensors"))
  }

  private let oneFile: [SystemCall.Operation] = [
    .create, .write, .synchronize, .rename, .synchronizeDirectory,
  ]

  @Test func aDirectoryIsFilledSynchronizedAndRenamedInThisOrder() throws {
    let folder = try ScratchFolder()
    let run = SystemCallLog.logged { try writeDirectory(folder.file("sae"), replacing: false) }
    #expect(run.error == nil)
    #expect(
      run.operations == [.makeDirectory] + oneFile + oneFile
        + [.synchronizeDirectory, .rename, .synchronizeDirectory])
    #expect(folder.names == ["sae"])
  }

  /// The old one goes when the new one stands, and not before.
  @Test func anOldDirectoryIsRemovedLast() throws {
    let folder = try ScratchFolder()
    try prepare(folder.file("sae"))
    let run = SystemCallLog.logged { try writeDirectory(folder.file("sae"), replacing: true) }
    #expect(run.error == nil)
    let place = try #require(run.operations.firstIndex(of: .remove))
    #expect(run.operations[..<place].filter { $0 == .rename }.count >= 3)
    #expect(run.operations.suffix(3) == [.remove, .remove, .synchronizeDirectory])
    #expect(text(folder.file("sae/sae_weights.safetensors")) == "new")
    #expect(folder.names == ["sae"])
  }

  @Test(arguments: [false, true]) func everyCallForADirectoryMayFail(_ replacing: Bool) throws {
    let whole = try ScratchFolder()
    if replacing { try prepare(whole.file("sae")) }
    let operations = SystemCallLog.logged {
      try writeDirectory(whole.file("sae"), replacing: replacing)
    }.operations
    for index in operations.indices {
      let folder = try ScratchFolder()
      let path = folder.file("sae")
      if replacing { try prepare(path) }
      let run = SystemCallLog.logged(failing: index) {
        try writeDirectory(path, replacing: replacing)
      }
      // An exchange that the file system cannot do is done in two steps.
      let file = text("\(path)/sae_weights.safetensors")
      #expect(file == "new" || file == (replacing ? "old" : nil), "call \(index)")
      guard let error = run.error else {
        #expect(file == "new")
        #expect(folder.names == ["sae"])
        continue
      }
      if case .notPlaced(_, let kept, _) = error {
        #expect(text("\(kept)/sae_weights.safetensors") == "new")
        #expect(file != "new")
      } else {
        let rest = folder.names.filter { $0 != "sae" }
        #expect(rest.isEmpty || (file == "new" && rest == ["sae.old"]), "call \(index): \(rest)")
      }
    }
  }
}
