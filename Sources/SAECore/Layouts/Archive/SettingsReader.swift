/// Takes settings out of a configuration file, with errors that name file and setting.
///
/// Settings that have not been taken when reading ends are unknown ones.
struct SettingsReader {
  let file: String
  private(set) var rest: JSONObject

  init(_ path: String) throws(FileError) {
    guard let object = try JSONValue.read(path).asObject else {
      throw .malformed(file: path, offset: 0, expected: "an object", found: "another value")
    }
    self.init(object, file: path)
  }

  init(_ object: JSONObject, file: String) {
    rest = object
    self.file = file
  }

  func contains(_ name: String) -> Bool { rest[name] != nil }

  /// Takes a value of any kind; null counts as absent.
  mutating func take(_ name: String) -> JSONValue? {
    let value = rest[name]
    rest[name] = nil
    return value == .null ? nil : value
  }

  mutating func string(_ name: String) throws(FileError) -> String? {
    try take(name, "a string", \.asString)
  }

  mutating func bool(_ name: String) throws(FileError) -> Bool? {
    try take(name, "true or false", \.asBool)
  }

  mutating func object(_ name: String) throws(FileError) -> JSONObject? {
    try take(name, "an object", \.asObject)
  }

  /// A number that is finite and not negative.
  mutating func double(_ name: String) throws(FileError) -> Double? {
    try take(name, "a number from 0 on") { value in
      value.asDouble.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    }
  }

  /// A whole number above 0.
  mutating func positiveInteger(_ name: String) throws(FileError) -> Int {
    let value = try take(name, "a whole number above 0") { value in
      value.asInteger.flatMap { $0 > 0 ? $0 : nil }
    }
    guard let value else { throw missing(name, "a whole number above 0") }
    return value
  }

  /// Throws if there is a whole number of that name which differs from the one that the weights give.
  mutating func check(_ name: String, is expected: Int) throws(FileError) {
    guard let value = take(name) else { return }
    guard value.asInteger == expected else {
      throw invalid(name, "\(expected), as the weights have", value)
    }
  }

  func missing(_ name: String, _ expected: String) -> FileError {
    .invalidSetting(file: file, setting: name, expected: expected, found: "none")
  }

  func invalid(_ name: String, _ expected: String, _ found: JSONValue) -> FileError {
    .invalidSetting(
      file: file, setting: name, expected: expected,
      found: String(found.description.prefix(100)))
  }

  private mutating func take<Value>(
    _ name: String, _ expected: String, _ convert: (JSONValue) -> Value?
  ) throws(FileError) -> Value? {
    guard let value = take(name) else { return nil }
    guard let converted = convert(value) else { throw invalid(name, expected, value) }
    return converted
  }
}
