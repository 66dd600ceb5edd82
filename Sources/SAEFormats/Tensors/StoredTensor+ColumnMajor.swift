extension StoredTensor {
  /// Elements in column-major order, in row-major order.
  func rowMajor<Value>(_ values: [Value]) -> [Value] {
    guard count > 0 else { return [] }
    var strides = ColumnMajorIndex(shape)
    var result: [Value] = []
    result.reserveCapacity(count)
    for _ in 0..<count {
      result.append(values[strides.position])
      strides.advance()
    }
    return result
  }

  /// Reads rows of a column-major tensor; each element is looked up on its own.
  ///
  /// For two axes, the elements of a column that lie in the range are neighbors and are decoded
  /// together.
  func readColumnMajor(rows range: Range<Int>, into matrix: inout Matrix, at row: Int) {
    if shape.count == 2 {
      var column = [Float](repeating: 0, count: range.count)
      for index in 0..<columns {
        let begin = bytes.lowerBound + (index * rows + range.lowerBound) * type.size
        var target = column.mutableSpan
        contents.bytes.extracting(begin..<begin + range.count * type.size)
          .decode(type, bigEndian: isBigEndian, into: &target)
        var elements = matrix.mutableElements
        for offset in 0..<range.count {
          elements[(row + offset) * columns + index] = column[offset]
        }
      }
    } else {
      let all = floats()
      var elements = matrix.mutableElements
      for offset in 0..<range.count * columns {
        elements[row * columns + offset] = all[range.lowerBound * columns + offset]
      }
    }
  }
}

/// Walks the elements of a column-major array in row-major order.
private struct ColumnMajorIndex {
  private let shape: [Int]
  private let strides: [Int]
  private var index: [Int]
  private(set) var position = 0

  init(_ shape: [Int]) {
    self.shape = shape
    index = [Int](repeating: 0, count: shape.count)
    var strides: [Int] = []
    var stride = 1
    for dimension in shape {
      strides.append(stride)
      stride *= dimension
    }
    self.strides = strides
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
