import Foundation

/// The header of a checkpoint: JSON with keys in order, in snake case.
protocol CheckpointHeader: Codable {
  static var format: String { get }
  var format: String { get }
  /// 1 is that of version 0.1.0 of the library, which had no ``headerCrc32``.
  var version: Int { get }
  /// Of all the other members of the header, as ``JSONValue`` prints them.
  var headerCrc32: UInt32? { get set }
}

extension CheckpointHeader {
  /// The version that is written; 0.1.0 refuses it.
  static var version: Int { 2 }

  private static var checksum: String { "header_crc32" }

  /// - Parameter number: of the header, JSON having no word for one that is not finite.
  func encoded(
    number: (name: String, value: Double), file: String
  ) throws(FileError) -> [UInt8] {
    let encoder = JSONCoding.encoder(.prettyPrinted)
    encoder.nonConformingFloatEncodingStrategy = .throw
    encoder.keyEncodingStrategy = .convertToSnakeCase
    var header = self
    do {
      header.headerCrc32 = nil
      header.headerCrc32 = try Self.checksum(Array(encoder.encode(header)), file: file).computed
      return Array(try encoder.encode(header))
    } catch let error as FileError {
      throw error
    } catch {
      throw .invalidSetting(
        file: file, setting: number.name, expected: "a finite number", found: "\(number.value)")
    }
  }

  /// Reads a header.
  ///
  /// - Throws: ``FileError`` if it is of another format or version, or not as it was written.
  init(contentsOf file: String) throws(FileError) {
    let contents = try FileBytes(mapping: file)
    guard contents.count <= JSONValue.sizeLimit else {
      throw .headerTooLong(
        file: file, declared: UInt64(contents.count), limit: JSONValue.sizeLimit)
    }
    let bytes = contents.bytes.array(0..<contents.count)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      let kind = try decoder.decode(Kind.self, from: Data(bytes))
      guard kind.format == Self.format, (1...Self.version).contains(kind.version) else {
        throw FileError.unrecognized(
          file: file, lookedFor: ["\(Self.format), version \(Self.version)"],
          found: ["\(kind.format), version \(kind.version)"])
      }
      if kind.version > 1 {
        let (computed, stored) = try Self.checksum(bytes, file: file)
        guard computed == stored else {
          throw FileError.wrongChecksum(
            file: file, member: Self.checksum, expected: stored ?? 0, found: computed)
        }
      }
      self = try decoder.decode(Self.self, from: Data(bytes))
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError(decoding: error, file: file)
    }
  }

  /// The checksum of a header's text, and the one that stands in it.
  private static func checksum(
    _ bytes: [UInt8], file: String
  ) throws(FileError) -> (computed: UInt32, stored: UInt32?) {
    guard case .object(var members) = try JSONValue.parse(bytes, file: file) else {
      throw .malformed(file: file, offset: 0, expected: "an object", found: "something else")
    }
    let stored = members[checksum]?.asInteger.flatMap { UInt32(exactly: $0) }
    members[checksum] = nil
    let text = Array(JSONValue.object(members).description.utf8)
    return (CRC32.of(text), stored)
  }
}

private struct Kind: Decodable {
  let format: String
  let version: Int
}

extension FileError {
  /// What is wrong with a JSON file that was to be decoded.
  init(decoding error: any Error, file: String) {
    func place(_ path: [any CodingKey], _ key: (any CodingKey)? = nil) -> String {
      (path + (key.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
    }
    if let error = error as? FileError {
      self = error
      return
    }
    if let error = error as? OptionError {
      self = .invalidSetting(
        file: file, setting: error.option, expected: error.expected, found: error.found)
      return
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
  func naming(_ path: String, insteadOf temporary: String) -> FileError {
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
