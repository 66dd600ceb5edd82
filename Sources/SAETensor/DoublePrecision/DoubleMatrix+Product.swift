import SAEKernels

extension DoubleMatrix {
  /// Adds `scale` · a · b to the block of this matrix that begins at a row and a column.
  ///
  /// Every element is summed in the order of the depth, beginning with its old value: adding a product
  /// piece by piece gives the same bits as adding it at once, on any number of threads.
  ///
  /// - Parameters:
  ///   - a: m × depth.
  ///   - b: depth × n.
  ///   - scale: a power of two, or its opposite, if the bits shall not change with it.
  ///   - row: where the block begins.
  ///   - column: where the block begins.
  ///   - upperOnly: whether elements more than a panel below the block's diagonal may be left out.
  package mutating func addProduct(
    _ a: DoubleFactor, _ b: DoubleFactor, scale: Double = 1, row: Int = 0, column: Int = 0,
    upperOnly: Bool = false
  ) {
    precondition(
      a.columns == b.rows && row + a.rows <= rows && column + b.columns <= columns,
      "\(a.rows) × \(a.columns) times \(b.rows) × \(b.columns) does not fit \(shape)")
    guard a.rows > 0, b.columns > 0 else { return }
    let (stride, first) = (columns, row * columns + column)
    for step in Swift.stride(from: 0, to: a.columns, by: DoubleMatrix.slice) {
      let depth = min(DoubleMatrix.slice, a.columns - step)
      let packed = DoubleMatrix.pack(b, step, depth)
      lending(a.matrix.values, packed) { source, packed in
        values.lendMutable { values in
          let target = values.from(first)
          Parallel.forRanges(a.rows, grain: DoubleMatrix.group) { range in
            DoubleMatrix.multiply(
              a, source, range, step, depth, scale: scale, by: packed, b.columns, into: target,
              stride, upperOnly: upperOnly)
          }
        }
      }
    }
  }

  /// Steps of the depth that are packed at a time: a panel of them fills the first cache's half.
  private static let slice = 256
  /// Rows of A to a piece of work: with a slice of the depth, an eighth of the second cache.
  private static let group = 64

  /// All columns of b, for some steps of the depth, in panels.
  private static func pack(_ b: DoubleFactor, _ step: Int, _ depth: Int) -> [Double] {
    let panel = DoublePanel.columns
    let panels = (b.columns + panel - 1) / panel
    let size = panel * depth
    return [Double](filling: panels * size) { target in
      b.matrix.values.lend { source in
        Parallel.forEach(panels, least: 4) { index in
          let column = index * panel
          unsafe Kernels.table.packDoubles(
            min(panel, b.columns - column), depth,
            source.base + (column * b.columnStride + step * b.rowStride), b.columnStride,
            b.rowStride, 1, target.base + index * size)
        }
      }
    }
  }

  /// Some rows of the product.
  private static func multiply(
    _ a: DoubleFactor, _ source: Lent<Double>, _ range: Range<Int>, _ step: Int, _ depth: Int,
    scale: Double, by packed: Lent<Double>, _ columns: Int, into target: MutableLent<Double>,
    _ stride: Int, upperOnly: Bool
  ) {
    let panel = DoublePanel.columns
    let size = panel * depth
    let blocks = Swift.stride(from: range.lowerBound, to: range.upperBound, by: panel)
    var packedRows = [Double](repeating: 0, count: (range.count + panel - 1) / panel * size)
    packedRows.lendMutable { rows in
      for (index, row) in blocks.enumerated() {
        unsafe Kernels.table.packDoubles(
          min(panel, range.upperBound - row), depth,
          source.base + (row * a.rowStride + step * a.columnStride), a.rowStride, a.columnStride,
          scale, rows.base + index * size)
      }
      for column in Swift.stride(from: 0, to: columns, by: panel) {
        for (index, row) in blocks.enumerated() where !upperOnly || column + panel > row {
          unsafe Kernels.table.multiplyDoubles(
            min(panel, range.upperBound - row), min(panel, columns - column), depth,
            rows.base + index * size, packed.base + column * depth,
            target.base + (row * stride + column), stride)
        }
      }
    }
  }
}
