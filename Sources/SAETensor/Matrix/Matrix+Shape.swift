extension Matrix {
  /// How many rows and columns a matrix has.
  public struct Shape: Sendable, Equatable, Hashable, CustomStringConvertible {
    /// The number of rows.
    public let rows: Int
    /// The number of columns.
    public let columns: Int

    /// A shape of so many rows and columns.
    public init(rows: Int, columns: Int) {
      self.rows = rows
      self.columns = columns
    }

    /// "rows × columns".
    public var description: String { "\(rows) × \(columns)" }
  }

  /// The numbers of rows and columns.
  public var shape: Shape { Shape(rows: rows, columns: columns) }

  /// A matrix of the given rows.
  ///
  ///     let matrix = Matrix([[1, 2], [3, 4]])
  ///
  /// - Precondition: all rows have the same number of elements.
  public init(_ rows: [[Float]]) {
    let columns = rows.first?.count ?? 0
    precondition(
      rows.allSatisfy { $0.count == columns },
      "rows of a matrix have \(Set(rows.map(\.count))) elements")
    self.init(rows: rows.count, columns: columns, values: Array(rows.joined()))
  }
}

extension Matrix: CustomStringConvertible {
  /// The elements of a matrix of at most 8 × 8, row by row; of a larger one the shape.
  public var description: String {
    guard rows <= 8, columns <= 8 else { return "Matrix(\(shape))" }
    let texts = (0..<rows).map { row in
      "[" + (0..<columns).map { "\(self[row, $0])" }.joined(separator: ", ") + "]"
    }
    return "Matrix([\(texts.joined(separator: ", "))])"
  }
}
