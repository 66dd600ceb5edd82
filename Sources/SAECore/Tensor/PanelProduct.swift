import SAEKernels

/// An operand of a product as the packing sees it: elements `rowStride` and `columnStride` apart.
///
/// A transposed matrix is the same memory with the strides exchanged.
@safe
package struct Operand: @unchecked Sendable {
  // Sendable because nobody writes what it points to while a product runs.
  let base: UnsafePointer<Float>
  let rowStride: Int
  let columnStride: Int

  init(_ base: UnsafePointer<Float>, rowStride: Int, columnStride: Int) {
    unsafe self.base = base
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  func at(_ row: Int, _ column: Int) -> UnsafePointer<Float> {
    unsafe base + (row * rowStride + column * columnStride)
  }
}

/// A pointer that threads share because each writes its own part of what it points to.
@safe
package struct SharedPointer<Element>: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Element>

  package init(_ base: UnsafeMutablePointer<Element>) { unsafe self.base = base }
}

/// Loops 5 to 3 of the matrix product, around the kernels' 2 and 1.
///
///     5  columns of C, a panel of B at a time (third cache), packed by all threads together
///     4  depth, a slice at a time: a tile of C is summed over a slice in registers
///     3  rows of C, a block of A at a time (second cache), taken by threads and packed by each
///
/// Threads split rows and columns of C, never the depth; the slices depend on the depth alone. So
/// the same bits come out for any number of threads.
struct PanelProduct {
  let kernels: KernelTable
  /// m, n and k of BLAS: C is `rows` × `columns`, the sums `depth` long.
  let rows: Int
  let columns: Int
  let depth: Int

  /// Slice of the depth: a panel of B of one tile's width fits the first cache and a half.
  var slice: Int {
    let slices = max(1, (depth + largestSlice - 1) / largestSlice)
    return (depth + slices - 1) / slices
  }

  private var largestSlice: Int { kernels.tileRows >= 12 ? 768 : 384 }

  /// Rows of a block of A: with a slice of the depth it takes a fifth of the second cache, and
  /// is small enough for threads to end at the same time.
  var blockRows: Int { 4 * kernels.tileRows }

  /// Columns of a panel of B: with all of the depth at most 12 MB, in the third cache.
  func panelColumns(depth: Int) -> Int {
    let tile = kernels.tileColumns
    let most = max(1, (3 << 20) / max(1, depth) / tile)
    return min(most * tile, 4096)
  }

  /// C (+)= A · B, into memory whose rows are `rowStride` apart.
  func run(
    _ a: Operand, _ b: Operand, into c: SharedPointer<Float>, rowStride: Int, accumulate: Bool
  ) {
    let slice = self.slice
    let panel = min(panelColumns(depth: slice), padded(columns, kernels.tileColumns))
    let small = rows * columns * depth <= 1 << 20
    let threads = small ? 1 : Threads.count
    Workspace.borrow(panel * slice) { packedB in
      for column in stride(from: 0, to: columns, by: panel) {
        let width = min(panel, columns - column)
        for step in stride(from: 0, to: depth, by: slice) {
          let sliceDepth = min(slice, depth - step)
          pack(b, step, column, sliceDepth, width, into: packedB, threads)
          multiply(
            a, packedB, step: step, sliceDepth, column: column, width, into: c, rowStride,
            accumulate: accumulate || step > 0, threads)
        }
      }
    }
  }

  /// Packs `width` columns of B from `column`, `sliceDepth` steps from `step`.
  private func pack(
    _ b: Operand, _ step: Int, _ column: Int, _ sliceDepth: Int, _ width: Int,
    into packed: AlignedStorage, _ threads: Int
  ) {
    let grain =
      threads == 1 ? width : Parallel.grain(width, least: kernels.tileColumns)
    Parallel.forRanges(width, grain: grain) { range, _ in
      unsafe kernels.packB(
        b.at(step, column + range.lowerBound), range.count, sliceDepth, b.columnStride,
        b.rowStride, packed.base + range.lowerBound * sliceDepth)
    }
  }

  private func multiply(
    _ a: Operand, _ packedB: AlignedStorage, step: Int, _ sliceDepth: Int, column: Int,
    _ width: Int, into c: SharedPointer<Float>, _ rowStride: Int, accumulate: Bool, _ threads: Int
  ) {
    let block = min(blockRows, padded(rows, kernels.tileRows))
    let blocks = (rows + block - 1) / block
    // Few rows are shared out by columns as well.
    let wanted = threads == 1 ? 1 : max(1, 4 * threads / blocks)
    let tiles = (width + kernels.tileColumns - 1) / kernels.tileColumns
    let chunk = ((tiles + wanted - 1) / wanted) * kernels.tileColumns
    let chunks = (width + chunk - 1) / chunk
    let work: @Sendable (Int, Int) -> Void = { task, _ in
      let row = (task / chunks) * block
      let height = min(block, rows - row)
      let first = (task % chunks) * chunk
      Workspace.borrow(block * sliceDepth) { packedA in
        unsafe kernels.packA(
          a.at(row, step), height, sliceDepth, a.rowStride, a.columnStride, packedA.base)
        unsafe kernels.multiplyBlock(
          height, min(chunk, width - first), sliceDepth, packedA.base,
          packedB.base + first * sliceDepth, c.base + (row * rowStride + column + first),
          rowStride, accumulate)
      }
    }
    if threads == 1 {
      for task in 0..<blocks * chunks { work(task, 0) }
    } else {
      Parallel.forEach(blocks * chunks, work)
    }
  }

  func padded(_ count: Int, _ unit: Int) -> Int { (count + unit - 1) / unit * unit }
}
