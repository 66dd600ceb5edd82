/// An option, or a combination of options, that makes no sense.
public struct OptionError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The option's name, such as "decaySteps".
  public let option: String
  /// A description of the allowed values.
  public let expected: String
  /// The value that was given.
  public let found: String

  /// `option` was given as `found`; `expected` describes the allowed values.
  public init(_ option: String, expected: String, found: String) {
    self.option = option
    self.expected = expected
    self.found = found
  }

  public var description: String { "\(option): expected \(expected), found \(found)" }

  /// Throws unless a number of steps or items is in range.
  package static func check(
    _ option: String, _ value: Int, in range: ClosedRange<Int>
  ) throws(OptionError) {
    guard range.contains(value) else {
      let expected =
        range.upperBound == .max
        ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
      throw OptionError(option, expected: expected, found: "\(value)")
    }
  }

  /// Throws unless a number is finite and not negative.
  package static func checkNotNegative(_ option: String, _ value: Double) throws(OptionError) {
    guard value.isFinite, value >= 0 else {
      throw OptionError(option, expected: "a finite number of at least 0", found: "\(value)")
    }
  }
}
