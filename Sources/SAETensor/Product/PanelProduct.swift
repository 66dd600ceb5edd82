import SAEKernels

/// An operand of a product as the packing sees it: elements `rowStride` and `columnStride` apart.
///
/// A transposed matrix is the same memory with the strides exchanged.
package struct Operand: Sendable {
  let elements: Lent<Float>
  let rowStride: Int
  let columnStride: Int

  init(_ elements: Lent<Float>, rowStride: Int, columnStride: Int) {
    self.elements = elements
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  var transposed: Operand {
    Operand(elements, rowStride: columnStride, columnStride: rowStride)
  }

  func at(_ row: Int, _ column: Int) -> UnsafePointer<Float> {
    unsafe elements.base + (row * rowStride + column * columnStride)
  }

  /// Some elements of a row, which lie in one piece.
  func row(_ row: Int, from column: Int, _ count: Int) -> Lent<Float> {
    elements.from(row * rowStride + column)[0..<count]
  }
}

/// The second factor of a product, as its panels are packed.
protocol SecondFactor: Sendable {
  /// Packs some steps of the depth of some columns into whole panels, one after another.
  func pack(
    _ columns: Range<Int>, depth: Range<Int>, into panels: MutableLent<Float>,
    _ kernels: KernelTable)
}

extension Operand: SecondFactor {
  func pack(
    _ columns: Range<Int>, depth: Range<Int>, into panels: MutableLent<Float>,
    _ kernels: KernelTable
  ) {
    unsafe kernels.packB(
      at(depth.lowerBound, columns.lowerBound), columns.count, depth.count, columnStride,
      rowStride, panels.base)
  }
}

/// Loops 5 to 3 of the matrix product, around the kernels' 2 and 1.
///
///     5  rows of C, as many at a time as 16 MB of packed A have room for
///     4  depth, a slice at a time: a tile of C is summed over a slice in registers
///     3  columns of C, a panel of B at a time (4 MB: the free part of a shared third cache)
///
/// B is packed by all threads together. Threads then take blocks of rows of C, each with its part of
/// packed A in the second cache: packed by the thread that needs it at the first panel, and kept for the
/// others. They split rows and columns, never the depth; the slices depend on the depth alone. So the
/// same bits come out for any number of threads.
struct PanelProduct {
  let kernels: KernelTable
  /// m, n and k of BLAS: C is `rows` × `columns`, the sums `depth` long.
  package let rows: Int
  let columns: Int
  let depth: Int

  /// Slice of the depth: a panel of B of one tile's width fits the first cache and a half.
  var slice: Int {
    let slices = max(1, (depth + largestSlice - 1) / largestSlice)
    return (depth + slices - 1) / slices
  }

  private var largestSlice: Int { kernels.tileRows >= 12 ? 1024 : 384 }

  /// Rows of a block of A: with a slice of the depth a quarter of the second cache, and small enough
  /// for threads to end at the same time.
  var blockRows: Int { 6 * kernels.tileRows }

  /// Columns of a panel of B, `depth` deep.
  func panelColumns(depth: Int) -> Int {
    let tile = kernels.tileColumns
    return min(max(1, (1 << 20) / max(1, depth) / tile) * tile, 4096)
  }

  /// Rows of A that are packed at a time, `depth` deep: whole blocks.
  func packedRows(depth: Int) -> Int {
    let most = max(1, (4 << 20) / max(1, depth) / blockRows) * blockRows
    return min(most, padded(rows, kernels.tileRows))
  }

  /// C (+)= A · B, into memory whose rows are `rowStride` apart.
  func run(
    _ a: Operand, _ b: some SecondFactor, into c: MutableLent<Float>, rowStride: Int,
    accumulate: Bool
  ) {
    let slice = self.slice
    let panel = min(panelColumns(depth: slice), padded(columns, kernels.tileColumns))
    let height = packedRows(depth: slice)
    let threads = rows * columns * depth <= 1 << 20 ? 1 : Threads.count
    Workspace.borrow(panel * slice) { packedB in
      Workspace.borrow(height * slice) { packedA in
        for row in stride(from: 0, to: rows, by: height) {
          let count = min(height, rows - row)
          for step in stride(from: 0, to: depth, by: slice) {
            let sliceDepth = min(slice, depth - step)
            for column in stride(from: 0, to: columns, by: panel) {
              let width = min(panel, columns - column)
              pack(b, step, sliceDepth, from: column, width, into: packedB, threads)
              let blocks = Blocks(self, rows: count, columns: width, threads)
              let packsOwn = column == 0 && blocks.columnParts == 1
              if column == 0 && !packsOwn {
                pack(a, from: row, count, step, sliceDepth, into: packedA, threads)
              }
              blocks.forEach { rows, columns in
                if packsOwn {
                  pack(
                    a, from: row + rows.lowerBound, rows.count, step, sliceDepth, into: packedA,
                    at: rows.lowerBound * sliceDepth, 1)
                }
                unsafe kernels.multiplyBlock(
                  rows.count, columns.count, sliceDepth,
                  packedA.base + rows.lowerBound * sliceDepth,
                  packedB.base + columns.lowerBound * sliceDepth,
                  c.base + ((row + rows.lowerBound) * rowStride + column + columns.lowerBound),
                  rowStride, accumulate || step > 0)
              }
            }
          }
        }
      }
    }
  }

  /// Packs `count` rows of A from `row`, `sliceDepth` steps from `step`.
  func pack(
    _ a: Operand, from row: Int, _ count: Int, _ step: Int, _ sliceDepth: Int,
    into packed: MutableLent<Float>, at offset: Int = 0, _ threads: Int
  ) {
    share(count, unit: kernels.tileRows, threads) { range in
      unsafe kernels.packA(
        a.at(row + range.lowerBound, step), range.count, sliceDepth, a.rowStride, a.columnStride,
        packed.base + (offset + range.lowerBound * sliceDepth))
    }
  }

  /// Packs `width` columns of B from `column`, `sliceDepth` steps from `step`.
  func pack(
    _ b: some SecondFactor, _ step: Int, _ sliceDepth: Int, from column: Int, _ width: Int,
    into packed: MutableLent<Float>, at offset: Int = 0, _ threads: Int
  ) {
    share(width, unit: kernels.tileColumns, threads) { range in
      b.pack(
        column + range.lowerBound..<column + range.upperBound, depth: step..<step + sliceDepth,
        into: packed.from(offset + range.lowerBound * sliceDepth), kernels)
    }
  }

  /// Calls `body` with ranges of whole units that together are 0 ..< count.
  private func share(
    _ count: Int, unit: Int, _ threads: Int, _ body: @Sendable (Range<Int>) -> Void
  ) {
    if threads == 1 { return body(0..<count) }
    Parallel.forRanges(count, least: unit, body)
  }

  func padded(_ count: Int, _ unit: Int) -> Int { (count + unit - 1) / unit * unit }
}

/// How threads share out one panel of C: blocks of rows, the last of them smaller so that threads end
/// together; and where there are few rows, parts of the columns as well.
private struct Blocks {
  package let rows: Int
  let columns: Int
  let threads: Int
  let blockRows: Int
  let lastRows: Int
  /// Blocks of `blockRows`; those after them have `lastRows`.
  let wholeBlocks: Int
  let rowParts: Int
  let partColumns: Int
  let columnParts: Int

  init(_ product: PanelProduct, rows: Int, columns: Int, _ threads: Int) {
    (self.rows, self.columns, self.threads) = (rows, columns, threads)
    blockRows = min(product.blockRows, product.padded(rows, product.kernels.tileRows))
    let blocks = (rows + blockRows - 1) / blockRows
    let isShared = threads > 1 && blocks > threads
    lastRows = isShared ? 2 * product.kernels.tileRows : blockRows
    wholeBlocks = isShared ? max(0, rows / blockRows - threads) : blocks
    let rest = max(0, rows - wholeBlocks * blockRows)
    rowParts = wholeBlocks + (rest + lastRows - 1) / lastRows
    let wanted = threads == 1 ? 1 : max(1, 4 * threads / blocks)
    let unit = product.kernels.tileColumns
    let tiles = (columns + unit - 1) / unit
    partColumns = ((tiles + wanted - 1) / wanted) * unit
    columnParts = (columns + partColumns - 1) / partColumns
  }

  /// Calls `body` with the rows and columns of every block.
  func forEach(_ body: @Sendable (Range<Int>, Range<Int>) -> Void) {
    let count = rowParts * columnParts
    if threads == 1 {
      for task in 0..<count { body(rowRange(task), columnRange(task)) }
    } else {
      Parallel.forEach(count) { task in body(rowRange(task), columnRange(task)) }
    }
  }

  private func rowRange(_ task: Int) -> Range<Int> {
    let part = task / columnParts
    let row =
      min(part, wholeBlocks) * blockRows + max(0, part - wholeBlocks) * lastRows
    return row..<min(row + (part < wholeBlocks ? blockRows : lastRows), rows)
  }

  private func columnRange(_ task: Int) -> Range<Int> {
    let column = task % columnParts * partColumns
    return column..<min(column + partColumns, columns)
  }
}
