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
  /// What it is: `nan`, `inf` or `-inf`.
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

extension ActivationSource {
  /// Throws if rows that were read are not finite.
  ///
  /// - Parameters:
  ///   - rows: which rows of this source they are.
  ///   - matrix: has them.
  ///   - row: the row of the matrix that they begin with.
  /// - Throws: ``NotFiniteError`` with the first number that is not.
  public func checkFinite(_ rows: Range<Int>, in matrix: Matrix, at row: Int = 0)
    throws(NotFiniteError)
  {
    guard !matrix.isFinite(rows: row..<row + rows.count) else { return }
    for offset in 0..<rows.count {
      let values = matrix.row(row + offset)
      for column in values.indices where !values[column].isFinite {
        throw NotFiniteError(
          place: place(ofRow: rows.lowerBound + offset, column: column),
          found: values[column].isNaN ? "nan" : "\(values[column])")
      }
    }
  }

  /// A copy of some rows, all of them finite.
  ///
  /// - Throws: ``NotFiniteError``, and what keeps the rows from being read.
  public func finiteMatrix(rows: Range<Int>) throws -> Matrix {
    let matrix = try matrix(rows: rows)
    try checkFinite(rows, in: matrix)
    return matrix
  }
}
