import Foundation

/// How the headers of checkpoints are written and read: JSON with keys in order, in snake case.
enum CheckpointHeader {
  /// - Parameter number: of the header, JSON having no word for one that is not finite.
  static func encode(
    _ header: some Encodable, number: (name: String, value: Double), file: String
  ) throws(TensorFileError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    do {
      return Array(try encoder.encode(header))
    } catch {
      throw .invalidSetting(
        file: file, setting: number.name, expected: "a finite number", found: "\(number.value)")
    }
  }

  static func decode<Header: Decodable>(_ file: String) throws(TensorFileError) -> Header {
    let contents = try FileBytes(mapping: file)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      return try decoder.decode(Header.self, from: Data(contents.bytes.array(0..<contents.count)))
    } catch {
      throw TensorFileError(decoding: error, file: file)
    }
  }

  /// Throws unless format and version are those that are expected, which come first.
  static func check(
    _ file: String, format: (String, String), version: (Int, Int)
  ) throws(TensorFileError) {
    guard format.0 == format.1, version.0 == version.1 else {
      throw .unrecognized(
        file: file, lookedFor: ["\(format.0), version \(version.0)"],
        found: ["\(format.1), version \(version.1)"])
    }
  }
}

extension TensorFileError {
  /// What is wrong with a JSON file that was to be decoded.
  init(decoding error: any Error, file: String) {
    func place(_ path: [any CodingKey], _ key: (any CodingKey)? = nil) -> String {
      (path + (key.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
    }
    switch error as? DecodingError {
    case .keyNotFound(let key, let context):
      self = .invalidSetting(
        file: file, setting: place(context.codingPath, key), expected: "a value", found: "none")
    case .typeMismatch(let type, let context):
      self = .invalidSetting(
        file: file, setting: place(context.codingPath), expected: "\(type)",
        found: "another kind of value")
    case .valueNotFound(let type, let context):
      self = .invalidSetting(
        file: file, setting: place(context.codingPath), expected: "\(type)", found: "null")
    case .dataCorrupted(let context) where !context.codingPath.isEmpty:
      self = .invalidSetting(
        file: file, setting: place(context.codingPath), expected: "a value that fits",
        found: "another")
    default:
      self = .malformed(file: file, offset: 0, expected: "JSON text", found: "something else")
    }
  }

  /// The same error, where it is about a full or refusing disk, for a directory that was written
  /// under a temporary name.
  func naming(_ path: String, insteadOf temporary: String) -> TensorFileError {
    func named(_ file: String) -> String {
      file.hasPrefix(temporary) ? path + file.dropFirst(temporary.count) : file
    }
    return switch self {
    case .diskFull(let file): .diskFull(file: named(file))
    case .system(let file, let operation, let reason):
      .system(file: named(file), operation: operation, reason: reason)
    default: self
    }
  }
}
