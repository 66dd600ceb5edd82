public import Foundation

extension TensorFileError: CustomStringConvertible, LocalizedError {
  public var errorDescription: String? { description }

  public var description: String {
    switch self {
    case .system(let file, let operation, let reason): "\(file): cannot \(operation): \(reason)"
    case .diskFull(let file): "\(file): cannot write: no space left on the disk"
    case .notAFile(let file): "\(file): expected a file, found something else"
    case .alreadyExists(let file): "\(file): exists already and is not replaced"
    case .tooShort(let file, let part, let expected, let found):
      "\(file): \(part): expected \(expected) bytes, found \(found)"
    case .malformed(let file, let offset, let expected, let found):
      "\(file): byte \(offset): expected \(expected), found \(found)"
    case .duplicateName(let file, let name): "\(file): \(quoted(name)) occurs twice"
    case .unsupportedElementType(let file, let tensor, let found):
      "\(file): tensor \(quoted(tensor)): expected an element type that can be read, found "
        + quoted(found)
    case .invalidDimension(let file, let tensor, let found):
      "\(file): tensor \(quoted(tensor)): expected whole numbers from 0 to 9223372036854775807 as "
        + "shape, found \(found)"
    case .sizeOverflow(let file, let tensor, let shape, let type):
      "\(file): tensor \(quoted(tensor)): expected a size below 2⁶³ bytes, found "
        + "\(Shape.describe(shape)) × \(type)"
    case .wrongByteCount(let file, let tensor, let shape, let type, let expected, let found):
      "\(file): tensor \(quoted(tensor)): expected \(expected) bytes "
        + "(\(Shape.describe(shape)) × \(type)), found \(found)"
    default: layoutOrUseDescription
    }
  }

  /// The messages of safetensors' layout and of what callers ask for.
  private var layoutOrUseDescription: String {
    switch self {
    case .headerTooLong(let file, let declared, let limit):
      "\(file): expected a header of at most \(limit) bytes, found a length of \(declared)"
    case .headerNotUTF8(let file, let offset):
      "\(file): byte \(offset): expected UTF-8, found something else"
    case .missingField(let file, let tensor, let field):
      "\(file): tensor \(quoted(tensor)): expected the field \(quoted(field)), found none"
    case .unknownField(let file, let tensor, let field):
      "\(file): tensor \(quoted(tensor)): expected dtype, shape and data_offsets, found "
        + quoted(field)
    case .invalidOffsets(let file, let tensor, let found):
      "\(file): tensor \(quoted(tensor)): expected two ascending byte offsets, found \(found)"
    case .notContiguous(let file, let tensor, let expectedBegin, let found):
      "\(file): tensor \(quoted(tensor)): expected its data to begin at \(expectedBegin), "
        + "where the tensor before ends, found \(found)"
    case .wrongDataLength(let file, let expected, let found):
      "\(file): expected \(expected) bytes of data, found \(found)"
    case .noSuchTensor(let file, let tensor, let present):
      "\(file): expected a tensor \(quoted(tensor)), found "
        + (present.isEmpty ? "none" : present.map(quoted).joined(separator: ", "))
    case .wrongShape(let file, let tensor, let expected, let found):
      "\(file): tensor \(quoted(tensor)): expected \(expected), found \(Shape.describe(found))"
    case .rowsOutOfRange(let file, let tensor, let rows, let available):
      "\(file): tensor \(quoted(tensor)): expected rows within 0..<\(available), found \(rows)"
    case .notConvertible(let file, let tensor, let from, let to):
      "\(file): tensor \(quoted(tensor)): cannot convert \(from) to \(to)"
    case .valueOutOfRange(let file, let tensor, let value, let type):
      "\(file): tensor \(quoted(tensor)): expected values that \(type) can hold, found \(value)"
    default: "invalid tensor file"
    }
  }
}

/// A name from a file, in quotes, with what could disturb a terminal escaped and bounded in length.
func quoted(_ name: String) -> String {
  let shown = name.unicodeScalars.prefix(100).map { $0.escaped(asASCII: false) }.joined()
  return "\"\(shown)\(name.unicodeScalars.count > 100 ? "…" : "")\""
}
