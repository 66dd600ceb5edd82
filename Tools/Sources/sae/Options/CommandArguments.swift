import ArgumentParser
import Foundation

/// The arguments of a command as they were typed, looked at before and after they are parsed.
struct CommandArguments {
  /// Without the program's name; a negative number is joined to the option before it.
  let all: [String]

  /// - Parameter typed: without the program's name.
  init(_ typed: some Sequence<String>) {
    var all: [String] = []
    var hasEnded = false
    for argument in typed {
      // The parser would take the number for an option of its own, and the option before it for one
      // without a value.
      if !hasEnded, let last = all.last, last.hasPrefix("--"), !last.contains("="),
        CommandArguments.isNegativeNumber(argument)
      {
        all[all.count - 1] = "\(last)=\(argument)"
      } else {
        all.append(argument)
      }
      hasEnded = hasEnded || argument == "--"
    }
    self.all = all
  }

  private static func isNegativeNumber(_ text: String) -> Bool {
    guard text.hasPrefix("-"), let next = text.dropFirst().first else { return false }
    return Double(text) != nil || next.isASCII && next.isNumber
  }

  /// Throws where the command's name is none.
  func checkCommand() throws {
    guard let name = all.first, !name.hasPrefix("-"), name != "help" else { return }
    let names = SAECommand.configuration.subcommands.compactMap { $0.configuration.commandName }
    guard !names.contains(name) else { return }
    throw UsageError(
      "expected a command (\(names.joined(separator: ", "))), found \"\(name)\"; sae --help describes "
        + "them")
  }

  /// The problems with the values alone, by the rules of the command, where they keep the arguments from
  /// being parsed.
  var valueProblems: [String] {
    guard let name = all.first else { return [] }
    for command in SAECommand.configuration.subcommands
    where command.configuration.commandName == name {
      guard let planned = command as? any PlannedCommand.Type else { return [] }
      return CommandArguments.problems(planned, GivenOptions(all))
    }
    return []
  }

  private static func problems<Command: PlannedCommand>(
    _: Command.Type, _ given: GivenOptions
  ) -> [String] {
    Command.rules.flatMap { rule in
      (given.values[rule.name] ?? []).compactMap { value in
        rule.values.problem(value).map { "--\(rule.name): \($0)" }
      }
    }
  }
}
