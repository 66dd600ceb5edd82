import Foundation

/// The answers of a judge, in a file to which each answer is added when it comes: a study that goes on
/// does not ask again. Answers of other commands are in the file, too, and left alone.
///
/// A line is `{"command": "…", "prompt": "…", "response": "…"}`.
final class JudgeAnswers {
  private struct Line: Codable {
    let command: String
    let prompt: String
    let response: String
  }

  private let path: String
  private let command: String
  private var responses: [String: String] = [:]
  private let file: FileHandle

  /// Goes on with a file, or makes it; a line that was not finished is ended and left out.
  ///
  /// - Throws: ``StudyError`` if it cannot be written.
  init(_ path: String, command: String) throws {
    self.path = path
    self.command = command
    let manager = FileManager.default
    try manager.createDirectory(
      at: URL(fileURLWithPath: path).deletingLastPathComponent(),
      withIntermediateDirectories: true)
    let found = manager.contents(atPath: path) ?? Data()
    for line in found.split(separator: 0x0A) {
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(line)),
        line.command == command
      else { continue }
      responses[line.prompt] = line.response
    }
    if !manager.fileExists(atPath: path) {
      _ = manager.createFile(atPath: path, contents: nil)
    }
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw StudyError(path, expected: "a file that may be written", found: "none")
    }
    self.file = file
    try file.seekToEnd()
    if let last = found.last, last != 0x0A { try file.write(contentsOf: Data([0x0A])) }
  }

  subscript(prompt: String) -> String? { responses[prompt] }

  func keep(_ response: String, to prompt: String) throws {
    var line = try StudyJSON.encode(
      Line(command: command, prompt: prompt, response: response), pretty: false)
    line.append(0x0A)
    try file.write(contentsOf: line)
    responses[prompt] = response
  }
}
