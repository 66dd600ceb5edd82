/// Tensors whose elements do not lie in row-major order without gaps: arrays that Fortran wrote, and
/// views of a storage that other tensors may share.
extension StoredTensor {
  /// Strides of an array whose first index varies fastest; nil where that order is the row-major one.
  static func columnMajorStrides(_ shape: [Int]) -> [Int]? {
    guard shape.count > 1 else { return nil }
    var stride = 1
    return shape.map { dimension in
      defer { stride *= dimension }
      return stride
    }
  }

  /// Strides of elements that lie one after another, the last index fastest.
  static func rowMajorStrides(_ shape: [Int]) -> [Int] {
    columnMajorStrides(shape.reversed())?.reversed() ?? shape.map { _ in 1 }
  }

  /// What lies in the file from the first element to the last, in row-major order of the shape.
  func rowMajor<Value>(_ values: [Value], _ strides: [Int]) -> [Value] {
    guard count > 0 else { return [] }
    var index = StridedIndex(shape, strides)
    var result: [Value] = []
    result.reserveCapacity(count)
    for _ in 0..<count {
      result.append(values[index.position])
      index.advance()
    }
    return result
  }

  /// Reads rows of a tensor with strides.
  ///
  /// Rows that differ in the last of their axes alone are read together: where they are neighbors in the
  /// file, as in a transposed view, some of a column at a time.
  func readStrided(
    rows range: Range<Int>, into matrix: inout Matrix, at row: Int, _ strides: [Int]
  ) {
    let inner = shape.count > 1 ? shape[shape.count - 2] : 1
    let innerStride = shape.count > 1 ? strides[strides.count - 2] : 0
    var (next, target) = (range.lowerBound, row)
    while next < range.upperBound {
      let first = next % inner
      let group = min(inner - first, range.upperBound - next)
      let origin = position(ofRow: next, strides)
      let block = StridedBlock(
        origin: origin, rows: group, rowStride: innerStride, columns: columns,
        columnStride: strides.last ?? 1)
      read(block, into: &matrix, at: target)
      next += group
      target += group
    }
  }

  /// Where a row begins, in elements.
  private func position(ofRow row: Int, _ strides: [Int]) -> Int {
    var (rest, position) = (row, 0)
    for axis in (0..<max(0, shape.count - 1)).reversed() {
      position += rest % shape[axis] * strides[axis]
      rest /= shape[axis]
    }
    return position
  }

  private func read(_ block: StridedBlock, into matrix: inout Matrix, at row: Int) {
    // As many rows as there are lines of the first cache to write to.
    let height = block.rowStride == 1 ? 64 : 1
    let width = block.rowStride == 1 ? 1 : block.columnStride == 1 ? block.columns : 1
    var piece = [Float](repeating: 0, count: max(height, width))
    for first in stride(from: 0, to: block.rows, by: height) {
      let rows = min(height, block.rows - first)
      for column in stride(from: 0, to: block.columns, by: max(1, width)) {
        let begin = block.origin + first * block.rowStride + column * block.columnStride
        let length = height > 1 ? rows : width
        let place = bytes.lowerBound + begin * type.size
        var span = piece.mutableSpan
        contents.bytes.extracting(place..<place + length * type.size)
          .decode(type, bigEndian: isBigEndian, into: &span)
        let width = matrix.columns
        let (target, step) = ((row + first) * width + column, height > 1 ? width : 1)
        var elements = matrix.mutableElements
        for offset in 0..<length { elements[target + offset * step] = piece[offset] }
      }
    }
  }
}

/// Rows of a matrix in a file, and the distances between neighbors, in elements.
private struct StridedBlock {
  let origin: Int
  let rows: Int
  let rowStride: Int
  let columns: Int
  let columnStride: Int
}

/// Walks the elements of an array in row-major order.
private struct StridedIndex {
  private let shape: [Int]
  private let strides: [Int]
  private var index: [Int]
  private(set) var position = 0

  init(_ shape: [Int], _ strides: [Int]) {
    self.shape = shape
    self.strides = strides
    index = [Int](repeating: 0, count: shape.count)
  }

  mutating func advance() {
    for axis in shape.indices.reversed() {
      index[axis] += 1
      position += strides[axis]
      if index[axis] < shape[axis] { return }
      position -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
}
