import Foundation
import SAECore

/// Runs the built command as its user would.
struct Command {
  let status: Int32
  let output: String
  let errors: String

  /// Beside the tests.
  static let executable = URL(fileURLWithPath: CommandLine.arguments[0])
    .deletingLastPathComponent().appendingPathComponent("sae")

  /// The errors without the progress that is told before them.
  var errorLines: [Substring] {
    errors.split(separator: "\n").filter { $0.hasPrefix("Error") || $0.contains("expected") }
  }

  /// Runs another program without its output; its exit code, or -1 where there is none.
  static func run(_ path: String, _ arguments: [String]) -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return -1 }
    process.waitUntilExit()
    return process.terminationStatus
  }

  init(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = Command.executable
    process.arguments = arguments
    // Through files: a pipe that nobody reads while the process runs can fill up.
    let folder = try ScratchFolder()
    for name in ["out", "err"] {
      _ = FileManager.default.createFile(atPath: folder.file(name), contents: nil)
    }
    process.standardOutput = FileHandle(forWritingAtPath: folder.file("out"))
    process.standardError = FileHandle(forWritingAtPath: folder.file("err"))
    try process.run()
    process.waitUntilExit()
    status = process.terminationStatus
    output = try String(contentsOfFile: folder.file("out"), encoding: .utf8)
    errors = try String(contentsOfFile: folder.file("err"), encoding: .utf8)
  }
}

/// An empty folder that is removed with the value.
final class ScratchFolder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent("sae-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// Writes a safetensors file of Gaussian activations.
  func writeActivations(
    _ name: String, tokens: Int = 600, width: Int = 8, type: ElementType = .f32,
    edit: (inout Matrix) -> Void = { _ in }
  ) throws -> String {
    var generator = RandomGenerator(seed: 1)
    var matrix = Matrix(rows: tokens, columns: width) { _, _ in Float(generator.gaussian()) }
    edit(&matrix)
    var writer = try SafetensorsWriter(
      file(name), [TensorDeclaration("activations", type, [tokens, width])])
    try writer.append(matrix, to: "activations")
    try writer.finish()
    return file(name)
  }
}
