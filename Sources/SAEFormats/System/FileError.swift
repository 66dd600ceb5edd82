/// A fault of a file of tensors, or of reading and writing it.
///
/// Every case names the file; descriptions are one line: place, expectation, finding.
public enum FileError: Error, Equatable, Sendable {
  // Reaching the file
  /// The operating system refused an operation.
  case system(file: String, operation: String, reason: String)
  /// The disk, or the user's share of it, is full.
  case diskFull(file: String)
  /// A folder, a pipe or a device where a file was expected.
  case notAFile(file: String)
  /// Something is there already that would be lost.
  case alreadyExists(file: String)
  /// There is no folder to write a file or a directory into.
  case noFolder(file: String, folder: String, reason: String)
  /// A directory at a destination holds something that would be lost.
  case notReplaceable(file: String, expected: String, found: String)
  /// A result is complete and could not get its name; where it is instead.
  case notPlaced(file: String, kept: String, reason: String)
  /// Another process is writing the same.
  case locked(file: String, owner: String)
  /// The content of a file does not fit into memory.
  case insufficientMemory(OptionError)
  /// A name in a folder is not UTF-8, so that no text names it.
  case nameNotUTF8(folder: String, name: [UInt8])

  /// A number that has to be finite is `nan`, `inf` or `-inf`; the first such, wherever the rows are from.
  case notFiniteActivations(ElementPlace, found: String)

  // Any format
  /// A file, or a directory, that holds something else than was looked for.
  case wrongContents(file: String, expected: String, found: String)
  /// The file ends before a part of it that must be there.
  case tooShort(file: String, part: String, expected: Int, found: Int)
  /// The format does not allow the text at a byte offset.
  case malformed(file: String, offset: Int, expected: String, found: String)
  /// The same at a line of a text, counted from 1.
  case malformedLine(file: String, line: Int, expected: String, found: String)
  /// A file of columns has no such column, or one of another type.
  case wrongColumn(file: String, column: String, expected: String, found: String)
  /// A file uses something that is not supported.
  case unsupported(file: String, expected: String, found: String)
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

  // Headers of safetensors and npy
  /// A tensor's description lacks a field.
  case missingField(file: String, tensor: String, field: String)
  /// A tensor's description has a field that the format does not know.
  case unknownField(file: String, tensor: String, field: String)
  /// The header's declared length is beyond the format's limit.
  case headerTooLong(file: String, declared: UInt64, limit: Int)
  /// The header is not UTF-8; the offset is that of the first wrong byte.
  case headerNotUTF8(file: String, offset: Int)
  /// A tensor's byte range is not two whole numbers in ascending order.
  case invalidOffsets(file: String, tensor: String, found: String)
  /// A tensor does not begin where the one before it ends: a hole or an overlap.
  case notContiguous(file: String, tensor: String, expectedBegin: Int, found: Int)
  /// The tensors end before or after the file does.
  case wrongDataLength(file: String, expected: Int, found: Int)

  // Zip archives
  /// A part of the archive is said to lie where the file, or the part's place in it, has ended.
  case outside(file: String, part: String, offset: UInt64, length: UInt64, end: Int)
  /// The directory holds more or fewer members than its end record says.
  case wrongMemberCount(file: String, expected: UInt64, found: Int)
  /// Two members share bytes.
  case overlappingMembers(file: String, first: String, second: String)
  /// A member is compressed by another method than deflate.
  case unsupportedCompression(file: String, member: String, method: Int)
  /// A member needs a password.
  case encrypted(file: String, member: String)
  /// A member's size differs from the directory's.
  case wrongMemberSize(file: String, member: String, expected: Int, found: Int)
  /// A member is said to hold more than its compressed bytes can expand to, or does.
  case implausibleMemberSize(file: String, member: String, compressed: Int, declared: Int)
  /// A member's compressed bytes are broken.
  case corruptMember(file: String, member: String, reason: String)
  /// A member's bytes have another checksum than the directory says.
  case wrongChecksum(file: String, member: String, expected: UInt32, found: UInt32)

  // Autoencoders
  /// A weight that is NaN or infinite, or too large for float32; its place in the stored shape.
  case notFinite(file: String, tensor: String, place: [Int], found: String)
  /// Nothing in a known layout; the known layouts, and the content that is there instead.
  case unrecognized(file: String, lookedFor: [String], found: [String])
  /// A setting that is missing, has no meaning, or contradicts the weights.
  case invalidSetting(file: String, setting: String, expected: String, found: String)
  /// The layout cannot express something about the autoencoder.
  case notRepresentable(file: String, layout: String, what: String)

  // Sparse latents
  /// Offsets and indices that are not those of sparse rows, or tokens that were not declared.
  case invalidLatents(file: String, reason: String)

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
