import SAECore

/// The fields of a model's `config.json`, read one by one with errors that name file and field.
///
/// A field that is `null` counts as set to null, one that is missing as the default given.
struct ConfigurationFields: Sendable {
  let file: String
  private let fields: JSONObject

  /// Reads a file.
  init(_ path: String) throws {
    guard let object = try JSONValue.read(path).asObject else {
      throw ModelError.invalidField(
        file: path, field: "", expected: "an object", found: "another value")
    }
    self.init(object, file: path)
  }

  init(_ fields: JSONObject, file: String) {
    self.fields = fields
    self.file = file
  }

  /// The fields' names.
  var keys: [String] { fields.members.map(\.key) }

  subscript(field: String) -> JSONValue? { fields[field] }

  /// A whole number within a range.
  func integer(
    _ field: String, in range: ClosedRange<Int>, default standard: Int? = nil
  ) throws(ModelError) -> Int {
    let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    guard let value = fields[field] else {
      if let standard { return standard }
      throw invalid(field, expected)
    }
    guard let number = value.asInteger, range.contains(number) else {
      throw invalid(field, expected)
    }
    return number
  }

  /// A finite number above 0.
  func positive(_ field: String, default standard: Double) throws(ModelError) -> Double {
    guard let value = fields[field] else { return standard }
    guard let number = value.asDouble, number.isFinite, number > 0 else {
      throw invalid(field, "a number above 0")
    }
    return number
  }

  /// A finite number above 0, or null.
  func positiveOrNull(_ field: String, default standard: Double?) throws(ModelError) -> Double? {
    guard fields[field] != .null, fields[field] != nil || standard != nil else { return nil }
    return try positive(field, default: standard ?? 1)
  }

  func strings(_ field: String) throws(ModelError) -> [String]? {
    guard let value = fields[field], value != .null else { return nil }
    guard case .array(let elements) = value else { throw invalid(field, "a list of names") }
    var names: [String] = []
    for element in elements {
      guard let name = element.asString else { throw invalid(field, "a list of names") }
      names.append(name)
    }
    return names
  }

  /// Refuses every value of a field but one; missing and null are allowed too.
  func require(_ field: String, _ expected: JSONValue) throws(ModelError) {
    guard let value = fields[field], value != .null, value != expected else { return }
    throw unsupported(field, "\(expected)")
  }

  func invalid(_ field: String, _ expected: String) -> ModelError {
    .invalidField(file: file, field: field, expected: expected, found: shown(field))
  }

  func unsupported(_ field: String, _ expected: String) -> ModelError {
    .unsupportedField(file: file, field: field, expected: expected, found: shown(field))
  }

  private func shown(_ field: String) -> String {
    fields[field].map { String($0.description.prefix(100)) } ?? "none"
  }
}
