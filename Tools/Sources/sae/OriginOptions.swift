import ArgumentParser
import SAECore

/// The option of every command that brings activations, autoencoders and models together.
struct OriginOptions: ParsableArguments {
  @Flag(
    help:
      ArgumentHelp(
        "Go on where activations, autoencoders and models are of different models, places or ways to "
          + "run one, and say so in the output."))
  var allowMismatch = false

  static var rules: [OptionRule<OriginOptions>] {
    [OptionRule("allow-mismatch")]
  }

  /// What does not agree, where that is allowed: a line for each two.
  ///
  /// - Throws: ``ToolError`` with the first of them, where it is not.
  func check(_ origins: OriginCheck) throws -> [String] {
    let mismatches = origins.mismatches.map(\.description)
    guard let first = mismatches.first else { return [] }
    guard allowMismatch else { throw ToolError("\(first); --allow-mismatch goes on") }
    return mismatches
  }

  /// The option as an argument.
  var recorded: [String] { allowMismatch ? ["--allow-mismatch"] : [] }
}

/// Mismatches as lines before a table.
func mismatchLines(_ mismatches: [String]?) -> String {
  (mismatches ?? []).map { "mismatch: \($0)\n" }.joined()
}
