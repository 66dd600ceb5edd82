import ArgumentParser
import Foundation

/// The allowed values of a command's option, and the conditions under which it has an effect.
///
/// - Parameter Facts: the values that decide on that: the parsed command, or more.
struct OptionRule<Facts> {
  /// Its long name, without hyphens.
  let name: String
  let values: OptionValues
  /// All of them must hold where the option is given.
  private(set) var needs: [Need] = []

  struct Need {
    /// The requirement, as the words after "needs".
    let text: (Facts) -> String
    let holds: (Facts) -> Bool
  }

  init(_ name: String, _ values: OptionValues = .any) {
    self.name = name
    self.values = values
  }

  /// The same rule with a further requirement.
  func needs(_ text: String, _ holds: @escaping (Facts) -> Bool) -> OptionRule {
    needs({ _ in text }, holds)
  }

  /// The same, with a requirement that depends on the facts.
  func needs(
    _ text: @escaping (Facts) -> String, _ holds: @escaping (Facts) -> Bool
  ) -> OptionRule {
    var rule = self
    rule.needs.append(Need(text: text, holds: holds))
    return rule
  }

  /// The rule of a command that has the facts in a part of its own.
  func of<Whole>(_ part: @escaping (Whole) -> Facts) -> OptionRule<Whole> {
    var rule = OptionRule<Whole>(name, values)
    for need in needs { rule = rule.needs({ need.text(part($0)) }, { need.holds(part($0)) }) }
    return rule
  }

  /// The problem with the option as it is given.
  func problems(_ given: [String], _ facts: Facts) -> [String] {
    let missing = needs.filter { !$0.holds(facts) }
    guard missing.isEmpty else {
      return ["--\(name): needs \(missing.map { $0.text(facts) }.joined(separator: " and "))"]
    }
    return given.compactMap { values.problem($0).map { "--\(name): \($0)" } }
  }
}

/// The values that an option may have, beyond its type's own check.
enum OptionValues {
  case any
  case count(ClosedRange<Int>)
  case number(ClosedRange<Double>)
  /// Above 0.
  case positive(upTo: Double)
  /// A count, or any text that is no number.
  case countOrText(ClosedRange<Int>)
  /// Any of a type, which is described.
  case text(String, isValid: (String) -> Bool)

  /// What a type takes.
  static func text<Value: ExpressibleByArgument>(_ expected: String, _: Value.Type) -> OptionValues
  {
    .text(expected) { Value(argument: $0) != nil }
  }

  /// A seed.
  static var seed: OptionValues { text("0 to \(UInt64.max)", UInt64.self) }
  /// Ids of tokens.
  static var ids: OptionValues { text("token ids with commas between", TokenIDs.self) }

  static func count(from least: Int) -> OptionValues { .count(least...Int.max) }

  func problem(_ text: String) -> String? {
    switch self {
    case .any: return nil
    case .text(let expected, let isValid):
      return isValid(text) ? nil : "expected \(expected), found \(text)"
    case .count(let range), .countOrText(let range):
      if case .countOrText = self, Double(text) == nil { return nil }
      guard let value = Int(text), range.contains(value) else {
        let expected =
          range.upperBound == .max
          ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
        return "expected \(expected), found \(text)"
      }
      return nil
    case .number(let range):
      guard let value = Double(text), range.contains(value) else {
        return "expected a number from \(figure(range.lowerBound)) to \(figure(range.upperBound)), "
          + "found \(text)"
      }
      return nil
    case .positive(let limit):
      guard let value = Double(text), value > 0, value <= limit else {
        return "expected a number above 0, at most \(figure(limit)), found \(text)"
      }
      return nil
    }
  }

  private func figure(_ value: Double) -> String {
    Int(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}

/// The options that were given, with the arguments after each.
struct GivenOptions {
  private(set) var values: [String: [String]] = [:]

  /// None.
  init() {}

  /// Finds them among arguments: `--name value…` and `--name=value`.
  init(_ arguments: some Sequence<String>) {
    var name: String?
    for argument in arguments {
      if argument == "--" { return }
      guard argument.hasPrefix("--") else {
        if let name { values[name, default: []].append(argument) }
        continue
      }
      let parts = argument.dropFirst(2).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let found = String(parts[0])
      values[found, default: []] += parts.dropFirst().map(String.init)
      // An argument after --name=value is no value of it.
      name = parts.count == 1 ? found : nil
    }
  }

  func contains(_ name: String) -> Bool { values[name] != nil }

  /// Adds one from elsewhere, such as a configuration file; one that was given before stays.
  mutating func add(_ name: String, _ found: [String]) {
    if values[name] == nil { values[name] = found }
  }
}
