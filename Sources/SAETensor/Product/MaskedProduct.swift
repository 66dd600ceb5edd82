import SAEKernels

/// A matrix product whose first factor has many zeros, which it skips.
///
///     3  rows of C, shared out among threads
///     2  depth, a slice at a time: its part of A is packed, with a mask for every 32 steps
///     1  strips of C's columns, and for each the slice's blocks of B, 32 steps deep, one after another
///        in the first cache
///
/// Each element of C is one sum in the order of the depth: the same bits for any number of threads.
struct MaskedProduct {
  let kernels: KernelTable
  /// m, n and k of BLAS: C is `rows` × `columns`, the sums `depth` long.
  package let rows: Int
  let columns: Int
  let depth: Int

  /// Above this share of elements that are not 0 the dense product is faster.
  static let mostDense = 0.6

  /// Rows of C that a thread takes at a time: few enough for a slice of A to stay in the second cache,
  /// many enough for a block of B to be worth bringing.
  var blockRows: Int {
    let share = (rows + Threads.count - 1) / Threads.count
    return min(256, max(64, (share + 3) / 4 * 4))
  }

  /// Slice of the depth.
  private var slice: Int { 8 * kernels.maskedSteps }

  /// C (+)= A · B, into memory whose rows are `rowStride` apart; B's rows lie in one piece.
  func run(
    _ a: Operand, _ b: Operand, into c: MutableLent<Float>, rowStride: Int, accumulate: Bool
  ) {
    let height = blockRows
    let blocks = (rows + height - 1) / height
    let strips = (columns + kernels.maskedColumns - 1) / kernels.maskedColumns
    // Where there are few rows, threads share their columns, and each packs A for itself.
    let parts = min(strips, max(1, Threads.count / max(1, blocks)))
    let partColumns = (strips + parts - 1) / parts * kernels.maskedColumns
    Parallel.forEach(blocks * parts) { task in
      let row = task / parts * height
      let first = min(columns, task % parts * partColumns)
      let block = Block(
        product: self, a: a, b: b, rows: row..<min(row + height, rows),
        columns: first..<min(first + partColumns, columns))
      Workspace.borrow(block.scratchCount(slice)) { scratch in
        for begin in stride(from: 0, to: depth, by: slice) {
          block.add(
            begin..<min(begin + slice, depth), scratch, to: c, rowStride, accumulate || begin > 0)
        }
      }
    }
  }
}

/// What one thread does at a time: some rows and columns of C.
private struct Block {
  package let product: MaskedProduct
  let a: Operand
  let b: Operand
  package let rows: Range<Int>
  let columns: Range<Int>

  private var steps: Int { product.kernels.maskedSteps }
  private var width: Int { product.kernels.maskedColumns }

  /// Floats that a slice of the depth needs: packed A, its masks, a packed block of B.
  func scratchCount(_ slice: Int) -> Int {
    (slice + steps - 1) / steps * rows.count * (steps + 1) + steps * width
  }

  /// Adds a slice of the depth.
  func add(
    _ slice: Range<Int>, _ scratch: MutableLent<Float>, to c: MutableLent<Float>,
    _ rowStride: Int, _ accumulate: Bool
  ) {
    let blocks = (slice.count + steps - 1) / steps
    let values = scratch.from(steps * width)
    let room = values.from(blocks * rows.count * steps)
    room[0..<blocks * rows.count].rebound(to: UInt32.self) { masks in
      for index in 0..<blocks {
        let step = slice.lowerBound + index * steps
        unsafe product.kernels.packMasked(
          a.at(rows.lowerBound, step), rows.count, min(steps, slice.upperBound - step),
          a.rowStride, a.columnStride, values.base + index * rows.count * steps,
          masks.base + index * rows.count)
      }
      for column in stride(from: columns.lowerBound, to: columns.upperBound, by: width) {
        let count = min(width, columns.upperBound - column)
        for index in 0..<blocks {
          let step = slice.lowerBound + index * steps
          for p in 0..<min(steps, slice.upperBound - step) {
            scratch.from(p * width).copy(b.row(step + p, from: column, count))
          }
          let isLast = index + 1 == blocks
          unsafe product.kernels.multiplyMasked(
            rows.count, count, masks.base + index * rows.count,
            values.base + index * rows.count * steps, scratch.base,
            c.base + (rows.lowerBound * rowStride + column), rowStride,
            accumulate || index > 0,
            isLast ? b.at(slice.lowerBound, column + count) : b.at(step + steps, column),
            b.rowStride)
        }
      }
    }
  }
}

extension Matrix {
  /// Adds a · b to the matrix, skipping the zeros of `a` where there are enough of them.
  ///
  /// - Parameter nonZeros: the elements of `a` that are not 0, at most.
  package mutating func addProduct(_ a: MatrixView, nonZeros: Int, _ b: MatrixView) {
    multiply(a, nonZeros: nonZeros, b, rows: 0..<rows, accumulate: true)
  }

  /// Overwrites a block of the matrix with a · b, or adds a · b to it, skipping the zeros of `a` where
  /// there are enough of them.
  ///
  /// - Parameter nonZeros: the elements of `a` that are not 0, at most.
  /// - Precondition: the block lies in the matrix and its shape fits those of a and b; the rows of b lie
  ///   in one piece.
  package mutating func multiply(
    _ a: MatrixView, nonZeros: Int, _ b: MatrixView, rows rowRange: Range<Int>,
    accumulate: Bool
  ) {
    let share = Double(nonZeros) / Double(max(1, a.rows * a.columns))
    guard share <= MaskedProduct.mostDense, b.columnStride == 1, a.columns > 0 else {
      multiply(a, b, rows: rowRange, columns: 0..<columns, accumulate: accumulate)
      return
    }
    precondition(
      rowRange.lowerBound >= 0 && rowRange.upperBound <= rows && a.rows == rowRange.count
        && a.columns == b.rows && b.columns == columns,
      "\(a.shape) times \(b.shape) does not fit rows \(rowRange) of \(shape)")
    let stride = columns
    makeUnique()
    guard !rowRange.isEmpty, stride > 0 else { return }
    let product = MaskedProduct(
      kernels: Kernels.table, rows: a.rows, columns: stride, depth: a.columns)
    product.run(
      a.operand, b.operand, into: storage.elements.from(rowRange.lowerBound * stride),
      rowStride: stride, accumulate: accumulate)
    withExtendedLifetime((a, b)) {}
  }
}
