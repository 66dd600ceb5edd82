/// A width or a count that does not fit.
public struct ShapeError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The thing with the wrong size, such as "activations".
  public let subject: String
  /// The things of which there should be another number, such as "columns".
  public let dimension: String
  /// The size that was needed.
  public let expected: Int
  /// The size that was given.
  public let found: Int

  /// `dimension` of `subject` is `found` where `expected` was needed.
  public init(_ subject: String, _ dimension: String, expected: Int, found: Int) {
    self.subject = subject
    self.dimension = dimension
    self.expected = expected
    self.found = found
  }

  public var description: String { "\(subject): expected \(expected) \(dimension), found \(found)" }

  /// Throws unless the two numbers agree.
  package static func check(
    _ subject: String, _ dimension: String, expected: Int, found: Int
  ) throws(ShapeError) {
    guard expected == found else {
      throw ShapeError(subject, dimension, expected: expected, found: found)
    }
  }
}
