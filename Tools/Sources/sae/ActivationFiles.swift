import ArgumentParser
import Foundation
import SAECore

private let filesHelp = ArgumentHelp(
  "Files of activations, or folders of them: safetensors or npy, tokens × width (F32, F16, BF16, F64).",
  valueName: "file")
private let tensorHelp = ArgumentHelp(
  "The tensor to take from a safetensors file that has several.", valueName: "name")

/// The options that name activations, shared by the commands that read them.
struct ActivationOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .upToNextOption,
    help: filesHelp)
  var activations: [String] = []

  @Option(help: tensorHelp) var tensor: String?

  static var rules: [OptionRule<ActivationOptions>] {
    [
      OptionRule("activations"),
      OptionRule("tensor").needs("--activations") { !$0.activations.isEmpty },
    ]
  }

  /// The options as arguments that mean the same in any working directory.
  var recorded: [String] {
    ["--activations"] + activations.map { absolute($0) } + argument("tensor", tensor)
  }
}

/// The same options for the commands that cannot do without activations, which their usage tells.
struct MeasuredActivationOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .upToNextOption,
    help: filesHelp)
  var activations: [String]

  @Option(help: tensorHelp) var tensor: String?

  static var rules: [OptionRule<MeasuredActivationOptions>] {
    [OptionRule("activations"), OptionRule("tensor")]
  }
}

/// The path from the root.
func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

/// `--name=value`, or nothing where there is no value.
func argument(_ name: String, _ value: (some CustomStringConvertible)?) -> [String] {
  value.map { ["--\(name)=\($0)"] } ?? []
}

/// An option or a variable that makes no sense, described in one line; exit code 64.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A failure, described in one line.
struct ToolError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
