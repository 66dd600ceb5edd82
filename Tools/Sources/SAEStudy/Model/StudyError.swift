/// A failure, described in one line: place, expectation, finding.
public struct StudyError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }

  public init(_ subject: String, expected: String, found: String) {
    description = "\(subject): expected \(expected), found \(found)"
  }
}
