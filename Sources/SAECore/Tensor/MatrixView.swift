/// A block of a matrix, seen without copying it.
///
/// It keeps the elements alive and unchanged: a matrix that is changed while a view of it exists
/// moves to a copy of its own.
public struct MatrixView: Sendable {
  package let storage: AlignedStorage
  package let offset: Int

  public let rows: Int
  public let columns: Int
  /// Floats from one row's beginning to the next one's.
  public let rowStride: Int

  package init(storage: AlignedStorage, offset: Int, rows: Int, columns: Int, rowStride: Int) {
    self.storage = storage
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
  }

  /// "rows × columns", for messages.
  public var shape: String { "\(rows) × \(columns)" }

  /// The element at a row and a column of the block.
  public subscript(row: Int, column: Int) -> Float {
    precondition(
      row >= 0 && row < rows && column >= 0 && column < columns,
      "(\(row), \(column)) lies outside a view of \(shape)")
    return unsafe storage.base[offset + row * rowStride + column]
  }

  /// One row of the block, without a copy.
  @_lifetime(borrow self)
  public func row(_ row: Int) -> Span<Float> {
    precondition(row >= 0 && row < rows, "row \(row) lies outside a view of \(shape)")
    let span = unsafe Span(
      _unsafeStart: UnsafePointer(storage.base + (offset + row * rowStride)), count: columns)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// A block of this block.
  public subscript(rows rowRange: Range<Int>, columns columnRange: Range<Int>) -> MatrixView {
    precondition(
      rowRange.lowerBound >= 0 && rowRange.upperBound <= rows && columnRange.lowerBound >= 0
        && columnRange.upperBound <= columns,
      "rows \(rowRange) and columns \(columnRange) lie outside a view of \(shape)")
    return MatrixView(
      storage: storage, offset: offset + rowRange.lowerBound * rowStride + columnRange.lowerBound,
      rows: rowRange.count, columns: columnRange.count, rowStride: rowStride)
  }

  package var pointer: UnsafePointer<Float> { unsafe UnsafePointer(storage.base + offset) }
}

extension Matrix {
  /// The whole matrix as a view.
  public var view: MatrixView {
    MatrixView(storage: storage, offset: 0, rows: rows, columns: columns, rowStride: columns)
  }

  /// Some rows, without a copy.
  public subscript(rows range: Range<Int>) -> MatrixView {
    view[rows: range, columns: 0..<columns]
  }

  /// A block, without a copy.
  public subscript(rows rowRange: Range<Int>, columns columnRange: Range<Int>) -> MatrixView {
    view[rows: rowRange, columns: columnRange]
  }

  /// A copy of the block.
  public init(_ view: MatrixView) {
    unsafe self.init(uninitialized: view.rows, view.columns) { buffer in
      for row in 0..<view.rows {
        for column in 0..<view.columns {
          unsafe buffer[row * view.columns + column] = view.pointer[row * view.rowStride + column]
        }
      }
    }
    withExtendedLifetime(view) {}
  }
}
