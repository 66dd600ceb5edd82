/// A JSON value that keeps the text's order of keys, and its numbers digit by digit.
public enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number as it was written. Python's "NaN", "Infinity" and "-Infinity" count as numbers.
  case number(String)
  /// A string, its escapes resolved.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Members in the order of the text.
  case object(JSONObject)

  /// The number `value`.
  public static func integer(_ value: Int) -> JSONValue { .number(String(value)) }

  /// The shortest number that reads back as the value.
  public static func double(_ value: Double) -> JSONValue {
    if value.isNaN { return .number("NaN") }
    if value.isInfinite { return .number(value < 0 ? "-Infinity" : "Infinity") }
    return .number("\(value)")
  }

  /// A number written as a whole one that fits.
  public var asInteger: Int? {
    if case .number(let text) = self { Int(text) } else { nil }
  }

  /// The number, nil for anything else.
  public var asDouble: Double? {
    guard case .number(let text) = self else { return nil }
    return switch text {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: Double(text)
    }
  }

  /// The truth value, nil for anything else.
  public var asBool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The string, nil for anything else.
  public var asString: String? { if case .string(let value) = self { value } else { nil } }

  /// The object, nil for anything else.
  public var asObject: JSONObject? { if case .object(let value) = self { value } else { nil } }
}

/// Members of a JSON object, in order.
public struct JSONObject: Sendable, Equatable {
  /// Keys and values in the order in which they were set.
  public private(set) var members: [(key: String, value: JSONValue)] = []

  /// An object without members.
  public init() {}

  /// The value of a key; setting nil removes it, and a new key goes to the end.
  public subscript(key: String) -> JSONValue? {
    get { members.first { $0.key == key }?.value }
    set {
      let index = members.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append((key, value))
      case (nil, nil): break
      }
    }
  }

  public static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.members.elementsEqual(b.members) { $0.key == $1.key && $0.value == $1.value }
  }

  /// Appends a key that is not among the members.
  package mutating func append(_ key: String, _ value: JSONValue) {
    members.append((key, value))
  }
}

extension JSONValue {
  /// Files of settings are small; a larger one is something else.
  package static let sizeLimit = 1 << 22
  package static let depthLimit = 64

  /// Reads a whole file.
  ///
  /// - Throws: ``FileError`` if it cannot be read, is no JSON text, nests too deeply or is
  ///   larger than 4 MiB.
  package static func read(_ path: String) throws(FileError) -> JSONValue {
    let contents = try FileBytes(mapping: path)
    guard contents.count <= sizeLimit else {
      throw contents.explaining(
        .headerTooLong(file: path, declared: UInt64(contents.count), limit: sizeLimit),
        expected: "JSON text", .other("JSON text"))
    }
    do {
      return try parse(contents.bytes.array(0..<contents.count), file: path)
    } catch {
      throw contents.explaining(error, expected: "JSON text", .other("JSON text"))
    }
  }

  /// Reads a text, which may begin with a byte-order mark.
  package static func parse(
    _ bytes: [UInt8], file: String
  ) throws(FileError) -> JSONValue {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    var reader = JSONReader(
      bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes, file: file,
      origin: bytes.starts(with: mark) ? mark.count : 0)
    let value = try reader.value(depth: 0)
    try reader.end()
    return value
  }
}

extension JSONReader {
  /// Reads any value.
  package mutating func value(depth: Int) throws(FileError) -> JSONValue {
    guard depth < JSONValue.depthLimit else {
      throw unexpected("at most \(JSONValue.depthLimit) levels")
    }
    skipWhitespace()
    switch next {
    case UInt8(ascii: "{"):
      var members = JSONObject()
      try object { reader, key throws(FileError) in
        members.append(key, try reader.value(depth: depth + 1))
      }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try array { reader throws(FileError) in
        elements.append(try reader.value(depth: depth + 1))
      }
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string())
    default:
      let words: KeyValuePairs<String, JSONValue> = [
        "true": .bool(true), "false": .bool(false), "null": .null, "NaN": .number("NaN"),
        "Infinity": .number("Infinity"), "-Infinity": .number("-Infinity"),
      ]
      for (word, value) in words where bytes[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return value
      }
      return .number(try number("a value"))
    }
  }
}

extension JSONValue: CustomStringConvertible {
  /// The value as JSON text, on one line.
  public var description: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .number(let text): text
    case .string(let text): JSONText.quote(text)
    case .array(let elements):
      "[" + elements.map(\.description).joined(separator: ", ") + "]"
    case .object(let object):
      "{"
        + object.members.map { "\(JSONText.quote($0.key)): \($0.value)" }.joined(separator: ", ")
        + "}"
    }
  }
}
