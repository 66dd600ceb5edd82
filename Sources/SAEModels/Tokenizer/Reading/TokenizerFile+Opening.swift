import Foundation
import SAECore

extension TokenizerFile {
  /// Opens what a path names: a model's directory, `tokenizer.json` or `vocab.json`.
  static func open(_ path: String) throws -> TokenizerFile {
    let manager = FileManager.default
    // Only a directory holds itself.
    guard manager.fileExists(atPath: "\(path)/.") else { return try open(file: path) }
    for name in ["tokenizer.json", "vocab.json"]
    where manager.fileExists(atPath: "\(path)/\(name)") {
      return try open(file: "\(path)/\(name)")
    }
    let others = ["tokenizer.model", "spiece.model", "vocab.txt"].filter {
      manager.fileExists(atPath: "\(path)/\($0)")
    }
    throw FileError.wrongContents(
      file: path, expected: "tokenizer.json, or vocab.json with merges.txt",
      found: others.isEmpty ? "neither" : others.joined(separator: ", "))
  }

  private static func open(file: String) throws -> TokenizerFile {
    let contents = try FileBytes(mapping: file)
    guard contents.count <= sizeLimit else {
      throw FileError.headerTooLong(
        file: file, declared: UInt64(contents.count), limit: sizeLimit)
    }
    let (folder, name) = Path.split(file)
    if name == "vocab.json" {
      return try TokenizerFile(
        vocabulary: contents, merges: FileBytes(mapping: Path.join(folder, "merges.txt")))
    }
    do {
      return try TokenizerFile(json: contents.bytes.array(0..<contents.count), file: file)
    } catch let error as FileError {
      throw contents.explaining(error, expected: "a tokenizer", .other("JSON text"))
    }
  }
}
