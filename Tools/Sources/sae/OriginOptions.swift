import ArgumentParser
import SAECore

/// The option of every command that combines activations, autoencoders and models.
struct OriginOptions: ParsableArguments {
  @Flag(
    help:
      ArgumentHelp(
        "Go on although activations, autoencoders and models differ in the model, the place in it or "
          + "the way to run it, and name the differences in the output."))
  var allowMismatch = false

  static var rules: [OptionRule<OriginOptions>] {
    [OptionRule("allow-mismatch")]
  }

  /// The mismatches, where they are allowed: one line per pair.
  ///
  /// - Throws: ``ToolError`` with the first of them, where they are not.
  func check(_ origins: OriginCheck) throws -> [String] {
    let mismatches = origins.mismatches.map(\.description)
    guard let first = mismatches.first else { return [] }
    guard allowMismatch else { throw ToolError("\(first); add --allow-mismatch to go on") }
    return mismatches
  }

  /// The option as an argument.
  var recorded: [String] { allowMismatch ? ["--allow-mismatch"] : [] }
}

/// Mismatches as lines before a table.
func mismatchLines(_ mismatches: [String]?) -> String {
  (mismatches ?? []).map { "mismatch: \(oneLine($0))\n" }.joined()
}
