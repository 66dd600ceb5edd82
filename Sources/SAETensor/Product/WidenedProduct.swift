import SAEKernels

/// Rows of numbers in another form than float32, such as those of a file, that are widened a few at a
/// time.
package protocol WidenedRows: Sendable {
  var rows: Int { get }
  var columns: Int { get }
  /// Writes some elements of a row.
  func widen(row: Int, columns: Range<Int>, into elements: MutableLent<Float>)
}

/// Widened rows as a second factor, or those that it is the transposition of: each element is widened when
/// its panel is packed, so that no more than a panel is in memory.
private struct WidenedFactor<Rows: WidenedRows>: SecondFactor {
  let stored: Rows
  /// Whether the factor's columns are the stored rows.
  let isTransposed: Bool

  func pack(
    _ columns: Range<Int>, depth: Range<Int>, into panels: MutableLent<Float>,
    _ kernels: KernelTable
  ) {
    // A panel at a time, which the first two caches have room for.
    let tile = kernels.tileColumns
    Workspace.borrow(tile * depth.count) { room in
      for first in stride(from: columns.lowerBound, to: columns.upperBound, by: tile) {
        let some = first..<min(first + tile, columns.upperBound)
        let (rows, rest) = isTransposed ? (some, depth) : (depth, some)
        for (index, row) in rows.enumerated() {
          let start = index * rest.count
          stored.widen(row: row, columns: rest, into: room[start..<start + rest.count])
        }
        unsafe kernels.packB(
          room.base, some.count, depth.count, isTransposed ? rest.count : 1,
          isTransposed ? 1 : rest.count,
          panels.base + (first - columns.lowerBound) * depth.count)
      }
    }
  }
}

extension Matrix {
  /// Overwrites a block of the matrix with the product of `a` and widened rows, or of `a` and their
  /// transposition: the same bits as with the widened matrix.
  ///
  /// - Precondition: the block lies in the matrix, its shape fits those of the factors, and `a` has columns.
  package mutating func setProduct(
    _ a: MatrixView, _ b: some WidenedRows, transposed: Bool, rows range: Range<Int>
  ) {
    let (depth, width) = transposed ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(
      range.lowerBound >= 0 && range.upperBound <= rows && a.rows == range.count && columns == width
        && a.columns == depth && depth > 0,
      "\(a.shape) times \(depth) × \(width) does not fit rows \(range) of \(shape)")
    makeUnique()
    guard !range.isEmpty, width > 0 else { return }
    let product = PanelProduct(
      kernels: Kernels.table, rows: a.rows, columns: width, depth: depth)
    product.run(
      a.operand, WidenedFactor(stored: b, isTransposed: transposed),
      into: storage.elements.from(range.lowerBound * width), rowStride: width, accumulate: false)
    withExtendedLifetime(a) {}
  }
}

extension WidenedRows {
  /// `factor` times the rows of the given numbers, in their order: an embedding.
  ///
  /// - Precondition: the rows are there.
  package func scaled(_ indices: [UInt32], by factor: Float) -> Matrix {
    precondition(indices.allSatisfy { $0 < rows }, "a row lies outside \(rows) rows")
    return Matrix(uninitialized: indices.count, columns) { result in
      result.forEach(least: 256) { position, row in
        widen(row: Int(indices[position]), columns: 0..<columns, into: row)
        row.scale(by: factor)
      }
    }
  }
}
