/// What can be wrong with a file of tensors, or with reading and writing it.
///
/// Every case names the file; descriptions are one line: where, what was expected, what was found.
public enum TensorFileError: Error, Equatable, Sendable {
  // Reaching the file
  /// The operating system refused an operation.
  case system(file: String, operation: String, reason: String)
  /// The disk, or the user's share of it, is full.
  case diskFull(file: String)
  /// A folder, a pipe or a device where a file was expected.
  case notAFile(file: String)
  /// Something is there already that would be lost.
  case alreadyExists(file: String)

  // Any format
  /// The file ends before a part of it that must be there.
  case tooShort(file: String, part: String, expected: Int, found: Int)
  /// The text at a byte offset is not what the format allows there.
  case malformed(file: String, offset: Int, expected: String, found: String)
  /// A key or a name occurs twice.
  case duplicateName(file: String, name: String)
  /// An element type that is unknown, or known and not readable here.
  case unsupportedElementType(file: String, tensor: String, found: String)
  /// A dimension that is not a whole number from 0 to 2⁶³ − 1.
  case invalidDimension(file: String, tensor: String, found: String)
  /// Dimensions and element size multiply to more than 2⁶³ − 1.
  case sizeOverflow(file: String, tensor: String, shape: [Int], type: ElementType)
  /// A tensor's bytes disagree with its shape and element type.
  case wrongByteCount(
    file: String, tensor: String, shape: [Int], type: ElementType, expected: Int, found: Int)

  // safetensors
  /// The header's declared length is beyond the format's limit or the end of the file.
  case headerTooLong(file: String, declared: UInt64, limit: Int)
  /// The header is not UTF-8; the offset is that of the first wrong byte.
  case headerNotUTF8(file: String, offset: Int)
  /// A tensor lacks one of dtype, shape and data_offsets.
  case missingField(file: String, tensor: String, field: String)
  /// A tensor has a field that the format does not know.
  case unknownField(file: String, tensor: String, field: String)
  /// A tensor's byte range is not two whole numbers in ascending order.
  case invalidOffsets(file: String, tensor: String, found: String)
  /// A tensor does not begin where the one before it ends: a hole or an overlap.
  case notContiguous(file: String, tensor: String, expectedBegin: Int, found: Int)
  /// The tensors end before or after the file does.
  case wrongDataLength(file: String, expected: Int, found: Int)

  // Asking for and handing in tensors
  /// No tensor of that name.
  case noSuchTensor(file: String, tensor: String, present: [String])
  /// The tensor is there, with another shape than is needed.
  case wrongShape(file: String, tensor: String, expected: String, found: [Int])
  /// Rows beyond the tensor's end.
  case rowsOutOfRange(file: String, tensor: String, rows: Range<Int>, available: Int)
  /// Elements that cannot be read or written as the type asked for.
  case notConvertible(file: String, tensor: String, from: String, to: String)
  /// A whole number that the other type cannot hold.
  case valueOutOfRange(file: String, tensor: String, value: String, type: String)
}
