public import Foundation

extension FileError: CustomStringConvertible, LocalizedError {
  public var errorDescription: String? { description }

  public var description: String {
    switch self {
    case .system(let file, let operation, let reason): "\(file): cannot \(operation): \(reason)"
    case .diskFull(let file): "\(file): cannot write: no space left on the disk"
    case .notAFile(let file): "\(file): expected a file, found something else"
    case .alreadyExists(let file): "\(file): exists already and is not replaced"
    case .noFolder(let file, let folder, let reason):
      "\(file): expected a folder to write it into, found none at \(folder): \(reason)"
    case .notReplaceable(let file, let expected, let found):
      "\(file): expected \(expected), found \(found)"
    case .notPlaced(let file, let kept, let reason):
      "\(file): cannot be put there: \(reason); the complete result is kept as \(kept) (to move it: "
        + "mv \(shellWord(kept)) \(shellWord(file)))"
    case .locked(let file, let owner): "\(file): expected nobody else to write it, found \(owner)"
    case .insufficientMemory(let error): error.description
    case .notFiniteActivations(let place, let found):
      "\(place): expected finite numbers, found \(found == "nan" ? "NaN" : found)"
    case .nameNotUTF8(let folder, let name):
      "\(folder): expected names in UTF-8, found \(FileName.quoted(name)); rename it"
    case .tooShort(let file, let part, let expected, let found):
      "\(file): \(part): expected \(expected) bytes, found \(found): the file is cut short"
    case .malformed(let file, let offset, let expected, let found):
      "\(file): byte \(offset): expected \(expected), found \(found)"
    case .malformedLine(let file, let line, let expected, let found):
      "\(file): line \(line): expected \(expected), found \(found)"
    case .wrongColumn(let file, let column, let expected, let found):
      "\(file): column \(quoted(column)): expected \(expected), found \(found)"
    case .unsupported(let file, let expected, let found):
      "\(file): only \(expected) is supported, found \(found)"
    case .duplicateName(let file, let name): "\(file): \(quoted(name)) occurs twice"
    case .unsupportedElementType(let file, let tensor, let found):
      "\(file): tensor \(quoted(tensor)): expected an element type that can be read, found "
        + quoted(found)
    case .invalidDimension(let file, let tensor, let found):
      "\(file): tensor \(quoted(tensor)): expected whole numbers from 0 to 9223372036854775807 as "
        + "shape, found \(found)"
    case .sizeOverflow(let file, let tensor, let shape, let type):
      "\(file): tensor \(quoted(tensor)): expected a size below 2⁶³ bytes, found "
        + "\(TensorShape.describe(shape)) × \(type)"
    case .wrongByteCount(let file, let tensor, let shape, let type, let expected, let found):
      "\(file): tensor \(quoted(tensor)): expected \(expected) bytes "
        + "(\(TensorShape.describe(shape)) × \(type)), found \(found)"
    case .headerTooLong(let file, let declared, let limit):
      "\(file): expected a header of at most \(limit) bytes, found a length of \(declared)"
    case .headerNotUTF8(let file, let offset):
      "\(file): byte \(offset): expected UTF-8, found something else"
    case .missingField(let file, let tensor, let field):
      "\(file): tensor \(quoted(tensor)): expected the field \(quoted(field)), found none"
    case .unknownField(let file, let tensor, let field):
      "\(file): tensor \(quoted(tensor)): expected no such field, found \(quoted(field))"
    case .invalidOffsets(let file, let tensor, let found):
      "\(file): tensor \(quoted(tensor)): expected two ascending byte offsets, found \(found)"
    case .notContiguous(let file, let tensor, let expectedBegin, let found):
      "\(file): tensor \(quoted(tensor)): expected its data to begin at \(expectedBegin), "
        + "where the tensor before ends, found \(found)"
    case .wrongDataLength(let file, let expected, let found):
      "\(file): expected \(expected) bytes of data, found \(found)"
        + (found < expected ? ": the file is cut short" : "")
    case .wrongContents(let file, let expected, let found):
      "\(file): expected \(expected), found \(found)"
    case .notFinite(let file, let tensor, let place, let found):
      "\(file): tensor \(quoted(tensor))\(FileError.describe(place)): expected a finite "
        + "number, found \(found)"
    case .unrecognized(let file, let lookedFor, let found):
      "\(file): expected \(lookedFor.joined(separator: ", or ")), found "
        + (found.isEmpty ? "nothing" : found.map(quoted).joined(separator: ", "))
    case .invalidSetting(let file, let setting, let expected, let found):
      "\(file): \(quoted(setting)): expected \(expected), found \(found)"
    case .notRepresentable(let file, let layout, let what):
      "\(file): the layout of \(layout) cannot hold \(what)"
    case .invalidLatents(let file, let reason): "\(file): sparse latents: \(reason)"
    case .noSuchTensor(let file, let tensor, let present):
      "\(file): expected a tensor \(quoted(tensor)), found "
        + (present.isEmpty ? "none" : present.map(quoted).joined(separator: ", "))
    case .wrongShape(let file, let tensor, let expected, let found):
      "\(file): tensor \(quoted(tensor)): expected \(expected), found \(TensorShape.describe(found))"
    case .rowsOutOfRange(let file, let tensor, let rows, let available):
      "\(file): tensor \(quoted(tensor)): expected rows within 0..<\(available), found \(rows)"
    case .notConvertible(let file, let tensor, let from, let to):
      "\(file): tensor \(quoted(tensor)): cannot convert \(from) to \(to)"
    case .valueOutOfRange(let file, let tensor, let value, let type):
      "\(file): tensor \(quoted(tensor)): expected values that \(type) can hold, found \(value)"
    case .outside(let file, let part, let offset, let length, let end):
      "\(file): \(part): expected to lie before byte \(end), "
        + "found offset \(offset) and length \(length)"
    case .wrongMemberCount(let file, let expected, let found):
      "\(file): expected \(expected) members, found \(found)"
    case .overlappingMembers(let file, let first, let second):
      "\(file): expected members that lie apart, found \(quoted(first)) and \(quoted(second)) "
        + "on the same bytes"
    case .unsupportedCompression(let file, let member, let method):
      "\(file): member \(quoted(member)): expected a stored or deflated member, found "
        + "compression method \(method)"
    case .encrypted(let file, let member):
      "\(file): member \(quoted(member)): expected a readable member, found an encrypted one"
    case .wrongMemberSize(let file, let member, let expected, let found):
      "\(file): member \(quoted(member)): expected \(expected) bytes, found \(found)"
    case .implausibleMemberSize(let file, let member, let compressed, let declared):
      "\(file): member \(quoted(member)): declared as \(declared) bytes, which is not what its "
        + "\(compressed) compressed bytes hold"
    case .corruptMember(let file, let member, let reason):
      "\(file): member \(quoted(member)): expected deflated data, found an error: \(reason)"
    case .wrongChecksum(let file, let member, let expected, let found):
      "\(file): member \(quoted(member)): expected the checksum \(String(expected, radix: 16)), "
        + "found \(String(found, radix: 16))"
    }
  }

  /// The fault, for a text that names the file already.
  var reason: String {
    switch self {
    case .system(_, let operation, let reason): "cannot \(operation): \(reason)"
    case .alreadyExists: "something of that name is there"
    case .diskFull: "no space is left on the disk"
    case .notReplaceable(_, let expected, let found): "expected \(expected), found \(found)"
    default: description
    }
  }

  /// Where an element is in a tensor of one or two axes, or of more.
  static func describe(_ place: [Int]) -> String {
    switch place.count {
    case 0: ""
    case 1: ", element \(place[0])"
    case 2: ", row \(place[0]), column \(place[1])"
    default: ", element [\(place.map(String.init).joined(separator: ", "))]"
    }
  }

  /// A byte of text where another was expected, or the end of the text.
  static func describe(_ byte: UInt8?) -> String {
    switch byte {
    case nil: "the end"
    case .some(let byte) where byte > 0x20 && byte < 0x7F:
      "\"\(Character(Unicode.Scalar(byte)))\""
    case .some(let byte): "byte 0x\(String(byte, radix: 16))"
    }
  }
}

/// A path as a shell takes it.
private func shellWord(_ path: String) -> String {
  let plain = path.utf8.allSatisfy { byte in
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
      || "0123456789/._-+,:@%".utf8.contains(byte)
  }
  return plain && !path.hasPrefix("-") ? path : "'" + path.replacing("'", with: "'\\''") + "'"
}
