import ArgumentParser

/// A command that says what it will do before it does it, and which of its options mean something
/// there.
///
/// The plan is made from the arguments alone and is what the command then does: an option that changes
/// no plan has no effect, and the command refuses it. A test tries every option of every command.
protocol PlannedCommand: ParsableCommand {
  associatedtype Plan: Encodable, Equatable
  /// What decides on which options mean something.
  associatedtype Facts = Self

  /// One for every option.
  static var rules: [OptionRule<Facts>] { get }

  /// - Throws: `ValidationError`, or what keeps a configuration from being read.
  func facts() throws -> Facts

  /// The options that count as given: those among the arguments, and others that the command takes from
  /// elsewhere.
  func given(_ options: GivenOptions) throws -> GivenOptions

  /// What the command will do.
  func plan() throws -> Plan
}

extension PlannedCommand where Facts == Self {
  func facts() -> Facts { self }
}

extension PlannedCommand {
  func given(_ options: GivenOptions) -> GivenOptions { options }

  /// Throws, with all problems, a line each, if an option is given that has no effect or a value that
  /// cannot be.
  ///
  /// - Parameter arguments: those that the command was parsed from.
  func check(_ arguments: [String]) throws {
    let given = try given(GivenOptions(arguments))
    let facts = try facts()
    let problems = Self.rules.flatMap { rule in
      given.values[rule.name].map { rule.problems($0, facts) } ?? []
    }
    guard problems.isEmpty else { throw ValidationError(problems.joined(separator: "\n")) }
  }
}
