extension TorchTensor {
  /// More axes than any weight has.
  private static let axisLimit = 64
  /// Elements that a view may have beyond those of its storage, where it repeats them.
  private static let repeatedLimit = 1 << 20

  /// What is wrong with a view, in words; nil if every element lies in its storage, and there are not more
  /// than anybody should make room for.
  static func fault(
    offset: Int, shape: [Int], strides: [Int], in storage: TorchStorage
  ) -> (expected: String, found: String)? {
    guard shape.count == strides.count else {
      return ("as many strides as sizes", "\(strides.count) and \(shape.count)")
    }
    guard shape.count <= axisLimit else {
      return ("at most \(axisLimit) axes", "\(shape.count)")
    }
    if let number = (shape + strides + [offset]).first(where: { $0 < 0 }) {
      return ("no negative size, stride or offset", "\(number)")
    }
    guard let bytes = TensorShape.byteCount(shape, storage.type) else {
      return ("a number of elements of 63 bits", TensorShape.describe(shape))
    }
    let count = bytes / storage.type.size
    if count == 0 { return nil }
    var last = offset
    for (size, stride) in zip(shape, strides) {
      let (step, isTooFar) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, isTooLarge) = last.addingReportingOverflow(step)
      guard !isTooFar, !isTooLarge else {
        return ("elements within the \(storage.count) of the storage", "strides beyond 63 bits")
      }
      last = sum
    }
    guard last < storage.count else {
      return ("elements within the \(storage.count) of the storage", "the last at \(last)")
    }
    guard count <= max(storage.count, repeatedLimit) else {
      return (
        "at most \(max(storage.count, repeatedLimit)) elements of a storage of \(storage.count)",
        "\(count) by repetition"
      )
    }
    return nil
  }

  /// The tensor as others of this library are: a place in a file.
  func stored(_ name: String, _ contents: FileBytes, isBigEndian: Bool) -> StoredTensor {
    let isEmpty = shape.contains(0)
    let last = zip(shape, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
    let begin = storage.bytes.bytes.lowerBound + (isEmpty ? 0 : offset) * storage.type.size
    let end = begin + (isEmpty ? 0 : last + 1) * storage.type.size
    // Strides of axes of one element say nothing.
    let isPlain =
      isEmpty
      || zip(shape, zip(strides, StoredTensor.rowMajorStrides(shape)))
        .allSatisfy { $0 == 1 || $1.0 == $1.1 }
    return StoredTensor(
      name: name, type: storage.type, shape: shape, contents: contents, bytes: begin..<end,
      isBigEndian: isBigEndian && storage.type.size > 1, strides: isPlain ? nil : strides,
      checksum: storage.bytes)
  }
}
