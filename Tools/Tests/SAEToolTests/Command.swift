import Foundation
import SAECore

/// Runs the built command as its user would.
struct Command {
  let status: Int32
  let output: String
  let errors: String

  /// The one that `SAE_EXECUTABLE` names, such as a release build; else the one beside the tests.
  static let executable =
    ProcessInfo.processInfo.environment["SAE_EXECUTABLE"].map { URL(fileURLWithPath: $0) }
    ?? URL(fileURLWithPath: CommandLine.arguments[0])
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

  /// - Parameters:
  ///   - shell: how a shell runs the command, which is `"$0" "$@"`.
  ///   - directory: the working directory.
  init(_ arguments: [String], shell: String? = nil, in directory: String? = nil) throws {
    self = try RunningCommand(arguments, shell: shell, in: directory).finish()
  }

  fileprivate init(status: Int32, output: String, errors: String) {
    self.status = status
    self.output = output
    self.errors = errors
  }
}

/// The built command while it runs.
final class RunningCommand {
  private let process = Process()
  // Through files: a pipe that nobody reads while the process runs can fill up.
  private let folder: ScratchFolder

  /// - Parameters:
  ///   - shell: how a shell runs the command, which is `"$0" "$@"`.
  ///   - directory: the working directory.
  init(_ arguments: [String], shell: String? = nil, in directory: String? = nil) throws {
    folder = try ScratchFolder()
    if let shell {
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      process.arguments = ["-c", shell, Command.executable.path] + arguments
    } else {
      process.executableURL = Command.executable
      process.arguments = arguments
    }
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    for name in ["out", "err"] {
      _ = FileManager.default.createFile(atPath: folder.file(name), contents: nil)
    }
    process.standardOutput = FileHandle(forWritingAtPath: folder.file("out"))
    process.standardError = FileHandle(forWritingAtPath: folder.file("err"))
    try process.run()
  }

  var isRunning: Bool { process.isRunning }
  /// Of the process.
  var identifier: Int32 { process.processIdentifier }

  /// Waits for the first word on standard error, which tells that training has begun.
  func waitForProgress() throws {
    while process.isRunning, try read("err").isEmpty { usleep(1000) }
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for the end. The status is that of a shell: 128 and the signal's number for a process that
  /// a signal has ended.
  func finish() throws -> Command {
    process.waitUntilExit()
    let ended = process.terminationReason == .uncaughtSignal ? 128 : 0
    return Command(
      status: Int32(ended) + process.terminationStatus, output: try read("out"),
      errors: try read("err"))
  }

  private func read(_ name: String) throws -> String {
    try String(contentsOfFile: folder.file(name), encoding: .utf8)
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

  /// The weights of an autoencoder that was written into the folder.
  func weights(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: file("\(name)/sae_weights.safetensors")))
  }

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
