/// A row-major matrix of float32: rows are tokens or latents, columns the dimensions of activations.
///
/// A value: copies share memory until one of them is changed. Rows lie one after another without
/// gaps, and the first begins on a 64-byte boundary.
public struct Matrix: Sendable {
  package var storage: AlignedStorage

  /// The number of rows; tokens, where the matrix holds activations.
  public let rows: Int
  /// The number of columns; the width, where the matrix holds activations.
  public let columns: Int

  /// Elements: rows × columns.
  public var count: Int { rows * columns }

  /// A matrix with every element equal to `value`.
  public init(rows: Int, columns: Int, repeating value: Float = 0) {
    self.init(
      storage: AlignedStorage(repeating: value, count: Matrix.count(rows, columns)), rows, columns)
  }

  /// A matrix of the given elements, row after row.
  ///
  /// - Precondition: there are rows × columns values.
  public init(rows: Int, columns: Int, values: some Collection<Float>) {
    precondition(
      values.count == Matrix.count(rows, columns),
      "\(values.count) values cannot fill a matrix of \(rows) × \(columns)")
    self.init(uninitialized: rows, columns) { matrix in
      for (index, value) in values.enumerated() { matrix.elements[index] = value }
    }
  }

  /// A matrix whose element (row, column) is the closure's result for them.
  public init(rows: Int, columns: Int, _ element: (_ row: Int, _ column: Int) -> Float) {
    self.init(uninitialized: rows, columns) { matrix in
      for row in 0..<rows {
        let elements = matrix.row(row)
        for column in 0..<columns { elements[column] = element(row, column) }
      }
    }
  }

  /// A matrix that `fill` writes completely; elements that it leaves out hold arbitrary values.
  package init(
    uninitialized rows: Int, _ columns: Int,
    _ fill: (MutableLentRows<Float>) throws -> Void
  ) rethrows {
    let storage = AlignedStorage(uninitialized: Matrix.count(rows, columns))
    self.init(storage: storage, rows, columns)
    try fill(MutableLentRows(storage.elements, count: rows, width: columns))
  }

  private init(storage: AlignedStorage, _ rows: Int, _ columns: Int) {
    self.storage = storage
    self.rows = rows
    self.columns = columns
  }

  private static func count(_ rows: Int, _ columns: Int) -> Int {
    precondition(
      rows >= 0 && columns >= 0, "a matrix cannot have \(rows) rows and \(columns) columns")
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    precondition(!overflow, "a matrix of \(rows) × \(columns) is larger than the address space")
    return count
  }

  /// The element at a row and a column.
  public subscript(row: Int, column: Int) -> Float {
    get {
      check(row, column)
      return storage.elements[row * columns + column]
    }
    set {
      check(row, column)
      makeUnique()
      storage.elements[row * columns + column] = newValue
    }
  }

  /// All elements, row after row.
  public var array: [Float] {
    [Float](filling: count) { $0.copy(storage.elements.reading) }
  }

  private func check(_ row: Int, _ column: Int) {
    precondition(
      row >= 0 && row < rows && column >= 0 && column < columns,
      "(\(row), \(column)) lies outside a matrix of \(shape)")
  }

  /// Copies the elements if another matrix or view holds them as well.
  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = AlignedStorage(copying: storage) }
  }

  /// Where the elements lie once no other matrix or view holds them.
  ///
  /// Not inlined: inside an accessor that returns a span it trips the optimizer (Swift 6.3.1).
  @inline(never)
  mutating func uniqueElements() -> MutableLent<Float> {
    makeUnique()
    return storage.elements
  }
}

extension Matrix: Equatable {
  /// Same shape and element by element the same values; a NaN equals nothing.
  public static func == (a: Matrix, b: Matrix) -> Bool {
    guard a.rows == b.rows, a.columns == b.columns else { return false }
    return lending(a, b) { left, right in
      for index in 0..<a.count where left.elements[index] != right.elements[index] { return false }
      return true
    }
  }
}
