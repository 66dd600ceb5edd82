/// The beginning of an npy file: the array's description and the place of its elements.
///
/// Source: numpy.lib.format, versions 1.0, 2.0 and 3.0.
struct NpyHeader {
  let type: ElementType
  let isBigEndian: Bool
  let isColumnMajor: Bool
  let shape: [Int]
  /// Bytes before the elements.
  let length: Int

  /// NumPy writes headers below a kilobyte; it refuses to read those above 10 000 characters.
  static let lengthLimit = 1 << 16

  static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

  /// Reads the header at the beginning of `bytes`, which begin at `origin` in the file.
  init(
    _ bytes: RawSpan, file: String, array: String, origin: Int
  ) throws(FileError) {
    guard bytes.byteCount >= 10 else {
      throw .tooShort(file: file, part: "npy header", expected: 10, found: bytes.byteCount)
    }
    guard bytes.array(0..<6) == NpyHeader.magic else {
      throw .malformed(
        file: file, offset: origin, expected: "the npy magic bytes", found: "others")
    }
    let start: Int
    let declared: Int
    switch (bytes.littleEndian(UInt8.self, at: 6), bytes.littleEndian(UInt8.self, at: 7)) {
    case (1, 0):
      start = 10
      declared = Int(bytes.littleEndian(UInt16.self, at: 8))
    case (2, 0), (3, 0):
      guard bytes.byteCount >= 12 else {
        throw .tooShort(file: file, part: "npy header", expected: 12, found: bytes.byteCount)
      }
      start = 12
      declared = Int(bytes.littleEndian(UInt32.self, at: 8))
    case (let major, let minor):
      throw .malformed(
        file: file, offset: origin + 6, expected: "npy version 1.0, 2.0 or 3.0",
        found: "\(major).\(minor)")
    }
    guard declared <= bytes.byteCount - start else {
      throw .tooShort(
        file: file, part: "npy header", expected: declared, found: bytes.byteCount - start)
    }
    guard declared <= NpyHeader.lengthLimit else {
      throw .headerTooLong(
        file: file, declared: UInt64(declared), limit: NpyHeader.lengthLimit)
    }
    length = start + declared
    let text = PythonLiteralReader(
      bytes.array(start..<length), file: file, array: array, origin: origin + start)
    let fields = try text.headerFields()
    guard let element = NpyHeader.element(fields.descr) else {
      throw .unsupportedElementType(file: file, tensor: array, found: fields.descr)
    }
    (type, isBigEndian) = element
    isColumnMajor = fields.fortranOrder
    shape = fields.shape
  }

  /// Type and byte order of a `descr`; nil for those that hold no plain numbers.
  private static func element(_ descr: String) -> (type: ElementType, isBigEndian: Bool)? {
    guard let order = descr.first, "<>|=".contains(order) else { return nil }
    let types: [String: ElementType] = [
      "b1": .bool, "?": .bool, "u1": .u8, "i1": .i8, "u2": .u16, "i2": .i16, "f2": .f16,
      "u4": .u32, "i4": .i32, "f4": .f32, "u8": .u64, "i8": .i64, "f8": .f64,
    ]
    guard let type = types[String(descr.dropFirst())], order != "|" || type.size == 1 else {
      return nil
    }
    return (type, order == ">" && type.size > 1)
  }

  /// The array that the header describes, as a tensor.
  ///
  /// - Throws: ``FileError`` if the elements do not fill the rest of `range` exactly. (NumPy
  ///   ignores the bytes after them; they may well be a second array.)
  func tensor(
    named name: String, in contents: FileBytes, _ range: Range<Int>
  ) throws(FileError) -> StoredTensor {
    guard let byteCount = TensorShape.byteCount(shape, type) else {
      throw .sizeOverflow(file: contents.name, tensor: name, shape: shape, type: type)
    }
    let begin = range.lowerBound + length
    guard byteCount == range.upperBound - begin else {
      throw .wrongByteCount(
        file: contents.name, tensor: name, shape: shape, type: type, expected: byteCount,
        found: range.upperBound - begin)
    }
    return StoredTensor(
      name: name, type: type, shape: shape, contents: contents, bytes: begin..<range.upperBound,
      isBigEndian: isBigEndian,
      strides: isColumnMajor ? StoredTensor.columnMajorStrides(shape) : nil)
  }
}
