extension StoredTensor {
  /// Some elements of a tensor of one dimension, as whole numbers.
  ///
  /// - Throws: ``TensorFileError`` if they are stored as floats, there is not one dimension, the
  ///   range lies outside, or a number does not fit an `Int`.
  public func integers(_ range: Range<Int>) throws(TensorFileError) -> [Int] {
    guard type.isInteger else {
      throw .notConvertible(
        file: file, tensor: name, from: type.rawValue, to: "whole numbers")
    }
    guard shape.count == 1 else {
      throw .wrongShape(file: file, tensor: name, expected: "one dimension", found: shape)
    }
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw .rowsOutOfRange(file: file, tensor: name, rows: range, available: count)
    }
    let begin = bytes.lowerBound + range.lowerBound * type.size
    let stored = contents.bytes.extracting(begin..<begin + range.count * type.size)
    guard let values = stored.decodeIntegers(type, bigEndian: isBigEndian) else {
      throw .valueOutOfRange(
        file: file, tensor: name, value: "a number above 2⁶³ − 1", type: "Int")
    }
    return values
  }
}
