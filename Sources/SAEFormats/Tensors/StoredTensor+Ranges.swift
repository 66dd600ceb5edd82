extension StoredTensor {
  /// Whether elements lie one after another, the last index fastest.
  package var isInOrder: Bool { strides == nil }

  /// The same elements in one dimension.
  ///
  /// - Precondition: ``isInOrder``.
  package var flattened: StoredTensor {
    precondition(isInOrder, "elements with strides have another order")
    return StoredTensor(
      name: name, type: type, shape: [count], contents: contents, bytes: bytes,
      isBigEndian: isBigEndian)
  }

  /// Some elements of a tensor of one dimension, as whole numbers.
  ///
  /// - Throws: ``FileError`` if they are stored as floats, there is not one dimension, the
  ///   range lies outside, or a number does not fit an `Int`.
  public func integers(_ range: Range<Int>) throws(FileError) -> [Int] {
    guard type.isInteger else {
      throw .notConvertible(
        file: file, tensor: name, from: type.rawValue, to: "whole numbers")
    }
    let place = try elementBytes(range)
    if strides != nil { return Array(try integers()[range]) }
    guard
      let values = contents.bytes.extracting(place)
        .decodeIntegers(type, bigEndian: isBigEndian)
    else {
      throw .valueOutOfRange(
        file: file, tensor: name, value: "a number above 2⁶³ − 1", type: "Int")
    }
    return values
  }

  /// Some elements of a tensor of one dimension, widened (or rounded to nearest) to float32.
  ///
  /// - Throws: ``FileError`` if there is not one dimension, or the range lies outside.
  public func floats(_ range: Range<Int>) throws(FileError) -> [Float] {
    let place = try elementBytes(range)
    if strides != nil { return Array(floats()[range]) }
    let stored = contents.bytes.extracting(place)
    var values = [Float](repeating: 0, count: range.count)
    var target = values.mutableSpan
    stored.decode(type, bigEndian: isBigEndian, into: &target)
    return values
  }

  /// Where some elements of a tensor of one dimension lie.
  private func elementBytes(_ range: Range<Int>) throws(FileError) -> Range<Int> {
    guard shape.count == 1 else {
      throw .wrongShape(file: file, tensor: name, expected: "one dimension", found: shape)
    }
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw .rowsOutOfRange(file: file, tensor: name, rows: range, available: count)
    }
    let begin = bytes.lowerBound + range.lowerBound * type.size
    return begin..<begin + range.count * type.size
  }
}
