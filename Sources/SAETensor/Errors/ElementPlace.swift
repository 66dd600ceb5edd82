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
