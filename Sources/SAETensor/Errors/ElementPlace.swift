/// Where a number of a source is stored, for people.
public struct ElementPlace: Sendable, Equatable, CustomStringConvertible {
  /// The file and tensor, or what else the rows are of; nil if the source does not know.
  public let subject: String?
  /// The row in the subject, from 0.
  public let row: Int
  /// Its column.
  public let column: Int

  /// A number in a row of something.
  public init(_ subject: String? = nil, row: Int, column: Int) {
    self.subject = subject
    self.row = row
    self.column = column
  }

  public var description: String { "\(subject ?? "activations"): row \(row), column \(column)" }
}

/// Activations that are NaN or infinite.
public struct NotFiniteError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The first such number.
  public let place: ElementPlace
  /// The number: `nan`, `inf` or `-inf`.
  public let found: String

  /// A number at a place.
  public init(place: ElementPlace, found: String) {
    self.place = place
    self.found = found
  }

  public var description: String {
    "\(place): expected finite numbers, found \(found == "nan" ? "NaN" : found)"
  }
}
