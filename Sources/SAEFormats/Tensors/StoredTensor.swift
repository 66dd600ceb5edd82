/// A tensor in a file: its description, checked against the file, and access to its elements.
///
/// Nothing is read before it is asked for. As a matrix, all axes but the last are rows: activations
/// stored as sequences × positions × width become tokens × width, and a vector becomes one row.
public struct StoredTensor: Sendable {
  /// The tensor's name in its file.
  public let name: String
  /// How its elements are stored.
  public let type: ElementType
  /// Dimensions, slowest first; empty for a scalar.
  public let shape: [Int]

  let contents: FileBytes
  /// Where the elements lie; as many bytes as shape and type need.
  let bytes: Range<Int>
  var isBigEndian = false
  /// Whether the first index varies fastest.
  package internal(set) var isColumnMajor = false

  /// The file it is in.
  public var file: String { contents.name }

  /// Elements.
  public var count: Int { bytes.count / type.size }

  /// Bytes in the file.
  public var byteCount: Int { bytes.count }

  /// All dimensions but the last, multiplied: 1 for a scalar or a vector.
  public var rows: Int { shape.dropLast().reduce(1, *) }

  /// The last dimension: 1 for a scalar.
  public var columns: Int { shape.last ?? 1 }

  /// All elements, widened (or rounded to nearest) to float32.
  ///
  /// - Throws: ``FileError`` if the shape has rows without elements.
  public func matrix() throws(FileError) -> Matrix {
    try StoredTensor.checkMemory([self], file)
    return try matrix(rows: 0..<rows)
  }

  /// Throws unless tensors fit into memory, widened to float32.
  package static func checkMemory(
    _ tensors: [StoredTensor], _ file: String
  ) throws(FileError) {
    var estimate = MemoryEstimate()
    for tensor in tensors { estimate.add("weights", floats: tensor.count) }
    do {
      try estimate.check(file)
    } catch {
      throw .insufficientMemory(error)
    }
  }

  /// Some rows, widened (or rounded to nearest) to float32.
  ///
  /// - Throws: ``FileError`` if a row lies outside, or rows have no elements.
  public func matrix(rows range: Range<Int>) throws(FileError) -> Matrix {
    try check(range)
    var matrix = Matrix(rows: range.count, columns: columns)
    try read(rows: range, into: &matrix, at: 0)
    return matrix
  }

  /// Reads rows into a matrix that is there already, from its row `row` on.
  ///
  /// - Throws: ``FileError`` if a row lies outside the tensor, or the widths differ.
  /// - Precondition: the matrix has rows enough.
  public func read(
    rows range: Range<Int>, into matrix: inout Matrix, at row: Int
  ) throws(FileError) {
    try check(range)
    guard columns == matrix.columns else {
      throw .wrongShape(
        file: file, tensor: name, expected: "rows of \(matrix.columns)", found: shape)
    }
    precondition(
      row >= 0 && row <= matrix.rows && range.count <= matrix.rows - row,
      "\(range.count) rows do not fit a matrix of \(matrix.shape) from row \(row) on")
    if isColumnMajor {
      readColumnMajor(rows: range, into: &matrix, at: row)
    } else {
      var elements = matrix.mutableElements
      contents.bytes.extracting(rowBytes(range))
        .decode(type, bigEndian: isBigEndian, into: &elements, at: row * columns)
    }
  }

  /// All elements in row-major order.
  public func floats() -> [Float] {
    var values = [Float](repeating: 0, count: count)
    var target = values.mutableSpan
    contents.bytes.extracting(bytes).decode(type, bigEndian: isBigEndian, into: &target)
    return isColumnMajor ? rowMajor(values) : values
  }

  /// All elements in row-major order, in double precision; exact but for whole numbers beyond 2⁵³.
  public func doubles() -> [Double] {
    var values = [Double](repeating: 0, count: count)
    var target = values.mutableSpan
    contents.bytes.extracting(bytes).decode(type, bigEndian: isBigEndian, into: &target)
    return isColumnMajor ? rowMajor(values) : values
  }

  /// All elements in row-major order, as whole numbers.
  ///
  /// - Throws: ``FileError`` if they are stored as floats, or one does not fit an `Int`.
  public func integers() throws(FileError) -> [Int] {
    guard type.isInteger else {
      throw .notConvertible(
        file: file, tensor: name, from: type.rawValue, to: "whole numbers")
    }
    let stored = contents.bytes.extracting(bytes)
    guard let values = stored.decodeIntegers(type, bigEndian: isBigEndian) else {
      throw .valueOutOfRange(
        file: file, tensor: name, value: "a number above 2⁶³ − 1", type: "Int")
    }
    return isColumnMajor ? rowMajor(values) : values
  }

  /// Adds its bytes in the file to a checksum, and keeps nothing of them in memory.
  package func add(to checksum: inout CRC32) {
    for begin in stride(from: bytes.lowerBound, to: bytes.upperBound, by: 1 << 24) {
      let range = begin..<min(begin + 1 << 24, bytes.upperBound)
      checksum.update(contents.bytes.extracting(range))
      contents.release(range)
    }
  }

  /// Tells the system that rows are not needed soon, so that their pages do not stay in this process's
  /// memory. A reader of a file larger than memory needs this.
  public func release(rows range: Range<Int>) {
    guard range.lowerBound >= 0, range.upperBound <= rows else { return }
    // The elements of a row of a column-major tensor are spread all over it.
    contents.release(isColumnMajor ? bytes : rowBytes(range))
  }

  private func rowBytes(_ range: Range<Int>) -> Range<Int> {
    let rowSize = columns * type.size
    return bytes.lowerBound + range.lowerBound * rowSize..<bytes.lowerBound + range.upperBound
      * rowSize
  }

  private func check(_ range: Range<Int>) throws(FileError) {
    // Dimensions beside a zero may be anything; nobody should loop over them or reserve by them.
    if count == 0, rows > 0 || columns > 1 << 24 {
      throw .wrongShape(
        file: file, tensor: name, expected: "rows of at least one element", found: shape)
    }
    guard range.lowerBound >= 0, range.upperBound <= rows else {
      throw .rowsOutOfRange(file: file, tensor: name, rows: range, available: rows)
    }
  }
}
