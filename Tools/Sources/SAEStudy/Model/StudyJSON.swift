import Foundation
import SAECore

/// How a study's files are written and read: keys in order, numbers that are not finite as strings.
package enum StudyJSON {
  package static func encoder(pretty: Bool = true) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
      pretty
      ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      : [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  static func encode(_ value: some Encodable, pretty: Bool = true) throws -> Data {
    try encoder(pretty: pretty).encode(value)
  }

  static func decode<Value: Decodable>(_: Value.Type, from data: Data) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    decoder.keyDecodingStrategy = .custom { path in
      let key = path[path.count - 1]
      return oldKeys[key.stringValue].map(Key.init(stringValue:)) ?? key
    }
    return try decoder.decode(Value.self, from: data)
  }

  /// The present names of what version 0.1 called otherwise.
  private static let oldKeys = [
    "judgements": "judgments", "neighbours": "neighbors", "errorDetermination": "errorRSquared",
  ]

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Writes a file that appears when it is complete.
  static func write(_ value: some Encodable, to path: String, pretty: Bool = true) throws {
    try AtomicFile.write(Array(try encode(value, pretty: pretty)), to: path)
  }

  /// Reads a file.
  ///
  /// - Throws: ``StudyError`` naming it.
  static func read<Value: Decodable>(_: Value.Type, _ path: String) throws -> Value {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw StudyError(path, expected: "a file of JSON", found: "a file that cannot be read")
    }
    do {
      return try decode(Value.self, from: data)
    } catch {
      throw StudyError(path, expected: "a file of a study", found: "\(error)")
    }
  }
}
