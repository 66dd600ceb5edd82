/// A block of a matrix, or its transposition, seen without copying it.
///
/// It keeps the elements alive and unchanged: a matrix that is changed while a view of it exists
/// moves to a copy of its own.
public struct MatrixView: Sendable {
  package let storage: AlignedStorage
  package let offset: Int

  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// Floats from an element to the next in its column.
  public let rowStride: Int
  /// Floats from an element to the next in its row: 1 but in transposed views.
  public let columnStride: Int

  package init(
    storage: AlignedStorage, offset: Int, rows: Int, columns: Int, rowStride: Int,
    columnStride: Int = 1
  ) {
    self.storage = storage
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// The numbers of rows and columns.
  public var shape: Matrix.Shape { Matrix.Shape(rows: rows, columns: columns) }

  /// The same elements with rows and columns exchanged.
  public var transposed: MatrixView {
    MatrixView(
      storage: storage, offset: offset, rows: columns, columns: rows, rowStride: columnStride,
      columnStride: rowStride)
  }

  /// The element at a row and a column of the block.
  public subscript(row: Int, column: Int) -> Float {
    precondition(
      row >= 0 && row < rows && column >= 0 && column < columns,
      "(\(row), \(column)) lies outside a view of \(shape)")
    return storage.elements[offset + row * rowStride + column * columnStride]
  }

  /// One row of the block, without a copy.
  ///
  /// - Precondition: the view is not a transposed one, whose rows do not lie in one piece.
  @_lifetime(borrow self)
  public func row(_ row: Int) -> Span<Float> {
    precondition(row >= 0 && row < rows, "row \(row) lies outside a view of \(shape)")
    precondition(columnStride == 1, "the rows of a transposed view are not contiguous")
    return unsafe _overrideLifetime(
      Span(_unsafeStart: storage.elements.base + (offset + row * rowStride), count: columns),
      borrowing: self)
  }

  /// A block of this block.
  public subscript(rows rowRange: Range<Int>, columns columnRange: Range<Int>) -> MatrixView {
    precondition(
      rowRange.lowerBound >= 0 && rowRange.upperBound <= rows && columnRange.lowerBound >= 0
        && columnRange.upperBound <= columns,
      "rows \(rowRange) and columns \(columnRange) lie outside a view of \(shape)")
    return MatrixView(
      storage: storage,
      offset: offset + rowRange.lowerBound * rowStride + columnRange.lowerBound * columnStride,
      rows: rowRange.count, columns: columnRange.count, rowStride: rowStride,
      columnStride: columnStride)
  }

  /// The elements from the view's first on; valid as long as the view.
  var elements: Lent<Float> {
    // An empty view may begin after the last element.
    storage.elements.reading.from(min(offset, storage.count))
  }

  /// The view as a factor; valid as long as the view.
  var operand: Operand {
    Operand(elements, rowStride: rowStride, columnStride: columnStride)
  }
}

extension Matrix {
  /// The whole matrix as a view.
  public var view: MatrixView {
    MatrixView(storage: storage, offset: 0, rows: rows, columns: columns, rowStride: columns)
  }

  /// The matrix with rows and columns exchanged, without a copy.
  public var transposed: MatrixView { view.transposed }

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
    self.init(uninitialized: view.rows, view.columns) { matrix in
      let from = view.elements
      for row in 0..<view.rows {
        let (target, start) = (matrix.row(row), row * view.rowStride)
        if view.columnStride == 1 {
          target.copy(from[start..<start + view.columns])
          continue
        }
        for column in 0..<view.columns {
          target[column] = from[start + column * view.columnStride]
        }
      }
    }
    withExtendedLifetime(view) {}
  }
}
