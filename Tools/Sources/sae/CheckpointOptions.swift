import ArgumentParser
import SAECore

/// The options about checkpoints.
struct CheckpointOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write a checkpoint every so many steps, and after the last step, into OUT.checkpoints beside "
        + "the directory to write.",
      valueName: "steps"))
  var checkpointEvery: Int?
  @Option(help: ArgumentHelp("How many checkpoints are kept (default: 2).", valueName: "count"))
  var keepCheckpoints: Int?
  @Option(
    help: ArgumentHelp(
      "Go on from a checkpoint, or from the last one in a folder, with the options that the run "
        + "began with.",
      valueName: "directory"))
  var resume: String?

  /// The options as arguments.
  var recorded: [String] {
    argument("checkpoint-every", checkpointEvery) + argument("keep-checkpoints", keepCheckpoints)
  }

  /// The checkpoint to go on from, and the folder that it is in.
  static func find(_ path: String) throws -> (checkpoint: TrainingCheckpoint, folder: String) {
    let path = absolute(path)
    let directory =
      CheckpointFolder.isCheckpoint(path) ? path : try CheckpointFolder(path).latest()
    let folder = directory.split(separator: "/").dropLast().joined(separator: "/")
    return (try TrainingCheckpoint(contentsOf: directory), "/\(folder)")
  }
}

/// Options that are saved with a checkpoint, as arguments.
enum RecordedOptions {
  private static let key = "arguments"

  /// The text in a checkpoint: one argument per line, with line feeds in it escaped.
  static func metadata(_ arguments: [String]) -> [String: String] {
    [key: arguments.map(escaped).joined(separator: "\n")]
  }

  /// The arguments that a checkpoint holds.
  static func arguments(of checkpoint: TrainingCheckpoint) throws -> [String] {
    guard let text = checkpoint.metadata[key] else {
      throw ToolError("\(checkpoint.name): expected the options of a run of sae train, found none")
    }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { unescaped($0) }
  }

  /// Throws if an option is given that differs from the one a run began with.
  static func check<Value: Equatable>(_ name: String, _ given: Value?, _ began: Value?) throws {
    guard let given, given != began else { return }
    let expected = began.map { "\($0)" } ?? "none"
    throw ValidationError(
      "--\(name): expected \(expected), as the run began, or no such option with --resume, "
        + "found \(given)")
  }

  private static func escaped(_ argument: String) -> String {
    argument.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }

  private static func unescaped(_ line: Substring) -> String {
    var result = ""
    var isEscaped = false
    for character in line {
      if isEscaped {
        result.append(character == "n" ? "\n" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        result.append(character)
      }
    }
    return result
  }
}
