import ArgumentParser

/// A command that makes a plan of its work first, and knows which of its options have an effect.
///
/// The plan is made from the arguments alone, and the command then carries it out: an option that changes
/// no plan has no effect, and the command refuses it. A test tries every option of every command.
protocol PlannedCommand: ParsableCommand {
  associatedtype Plan: Encodable, Equatable
  /// The values that decide which options have an effect.
  associatedtype Facts = Self

  /// One for every option.
  static var rules: [OptionRule<Facts>] { get }

  /// - Throws: `ValidationError`, or the error of reading a configuration.
  func facts() throws -> Facts

  /// The options that count as given: those among the arguments, and others that the command takes from
  /// elsewhere.
  func given(_ options: GivenOptions) throws -> GivenOptions

  /// The plan of the command's work.
  func plan() throws -> Plan
}

extension PlannedCommand where Facts == Self {
  func facts() -> Facts { self }
}

extension PlannedCommand {
  func given(_ options: GivenOptions) -> GivenOptions { options }

  /// Throws, with all problems, one line each, if an option is given that has no effect or has an
  /// impossible value.
  ///
  /// - Parameter arguments: those that the command was parsed from.
  func check(_ arguments: [String]) throws {
    let typed = GivenOptions(arguments)
    // An empty text names no file, and no program either.
    let empty = Self.rules.filter { typed.values[$0.name]?.contains("") == true }
    guard empty.isEmpty else {
      throw ValidationError(
        empty.map { "--\($0.name): expected a value, found an empty text" }.joined(separator: "\n"))
    }
    let given = try given(typed)
    let facts = try facts()
    let problems = Self.rules.flatMap { rule in
      given.values[rule.name].map { rule.problems($0, facts) } ?? []
    }
    guard problems.isEmpty else { throw ValidationError(problems.joined(separator: "\n")) }
  }
}
