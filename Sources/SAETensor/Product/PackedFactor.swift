import SAEKernels

/// A matrix packed once as the first factor of several products.
///
/// Where the second factor has few columns, packing the first again for every product takes as long as
/// a tenth of it.
package struct PackedFactor: Sendable {
  package let rows: Int
  let depth: Int
  private let storage: AlignedStorage

  package init(_ matrix: Matrix) {
    rows = matrix.rows
    depth = matrix.columns
    let product = PanelProduct(
      kernels: Kernels.table, rows: rows, columns: 0, depth: max(1, depth))
    let height = product.padded(rows, product.kernels.tileRows)
    let storage = AlignedStorage(uninitialized: height * depth)
    self.storage = storage
    product.forSlices { step, depth in
      product.pack(
        matrix.view.operand, from: 0, matrix.rows, step, depth, into: storage.elements,
        at: height * step,
        Threads.count)
    }
    withExtendedLifetime(matrix) {}
  }

  /// C = this · B into memory whose rows are as long as B's.
  fileprivate func multiply(_ b: MatrixView, into c: MutableLent<Float>) {
    let kernels = Kernels.table
    let product = PanelProduct(kernels: kernels, rows: rows, columns: b.columns, depth: depth)
    let (height, stride) = (product.padded(rows, kernels.tileRows), b.columns)
    let width = product.padded(stride, kernels.tileColumns)
    let blockRows = product.blockRows
    let blocks = (rows + blockRows - 1) / blockRows
    let tiles = width / kernels.tileColumns
    let parts = min(tiles, max(1, (4 * Threads.count + blocks - 1) / blocks))
    let partColumns = (tiles + parts - 1) / parts * kernels.tileColumns
    Workspace.borrow(width * depth) { packed in
      product.forSlices { step, depth in
        product.pack(
          b.operand, step, depth, from: 0, stride, into: packed, at: width * step, Threads.count)
      }
      Parallel.forEach(blocks * parts) { task in
        let (row, column) = (task / parts * blockRows, task % parts * partColumns)
        guard column < stride else { return }
        product.forSlices { step, depth in
          unsafe kernels.multiplyBlock(
            min(blockRows, rows - row), min(partColumns, stride - column), depth,
            storage.elements.base + (height * step + row * depth),
            packed.base + (width * step + column * depth),
            c.base + (row * stride + column), stride, step > 0)
        }
      }
    }
  }
}

extension PanelProduct {
  /// Calls `body` with the beginning and the depth of each slice of the depth.
  fileprivate func forSlices(_ body: (_ step: Int, _ depth: Int) -> Void) {
    let slice = max(1, self.slice)
    for step in stride(from: 0, to: depth, by: slice) { body(step, min(slice, depth - step)) }
  }
}

extension Matrix {
  /// Overwrites the matrix with a · b.
  ///
  /// - Precondition: the shapes of a, b and this matrix fit, and a has columns.
  package mutating func setProduct(_ a: PackedFactor, _ b: MatrixView) {
    precondition(
      a.rows == rows && a.depth == b.rows && b.columns == columns && a.depth > 0,
      "\(a.rows) × \(a.depth) times \(b.shape) does not fit \(shape)")
    makeUnique()
    guard count > 0 else { return }
    a.multiply(b, into: storage.elements)
    withExtendedLifetime(b) {}
  }
}
