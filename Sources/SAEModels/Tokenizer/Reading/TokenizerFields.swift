import SAECore

/// An object within `tokenizer.json`, whose fields are read one by one with errors that name file and
/// field.
struct TokenizerFields {
  let file: String
  /// The names of the fields that lead here.
  let path: String
  let object: JSONObject

  /// Throws if there is a field besides those that are known.
  func allow(_ known: [String]) throws(ModelError) {
    for (key, value) in object.members where !known.contains(key) {
      throw .unsupportedField(
        file: file, field: name(key), expected: "a file without it",
        found: TokenizerFields.shown(value))
    }
  }

  func name(_ field: String) -> String { path.isEmpty ? field : "\(path).\(field)" }

  static func shown(_ value: JSONValue?) -> String {
    value.map { String($0.description.prefix(100)) } ?? "none"
  }

  func invalid(_ field: String, _ expected: String) -> ModelError {
    .invalidField(
      file: file, field: name(field), expected: expected,
      found: TokenizerFields.shown(object[field]))
  }

  func unsupported(_ field: String, _ expected: String) -> ModelError {
    .unsupportedField(
      file: file, field: name(field), expected: expected,
      found: TokenizerFields.shown(object[field]))
  }

  /// What kind of part it is.
  func type() throws(ModelError) -> String { try string("type") }

  func string(_ field: String) throws(ModelError) -> String {
    guard let text = object[field]?.asString else { throw invalid(field, "a text") }
    return text
  }

  func bool(_ field: String, default standard: Bool? = nil) throws(ModelError) -> Bool {
    if object[field] == nil, let standard { return standard }
    guard let value = object[field]?.asBool else { throw invalid(field, "true or false") }
    return value
  }

  func integer(_ field: String, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    guard let value = object[field]?.asInteger, range.contains(value) else {
      throw invalid(field, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// Throws unless a field is missing or null.
  func requireNull(_ field: String) throws(ModelError) {
    guard let value = object[field], value != .null else { return }
    throw unsupported(field, "null")
  }

  /// An object in a field; nil for null or a missing one.
  func part(_ field: String) throws(ModelError) -> TokenizerFields? {
    guard let value = object[field], value != .null else { return nil }
    guard let object = value.asObject else { throw invalid(field, "an object") }
    return TokenizerFields(file: file, path: name(field), object: object)
  }

  /// A list of objects.
  func parts(_ field: String) throws(ModelError) -> [TokenizerFields] {
    guard case .array(let elements)? = object[field] else { throw invalid(field, "a list") }
    var parts: [TokenizerFields] = []
    for (index, element) in elements.enumerated() {
      guard let object = element.asObject else { throw invalid(field, "a list of objects") }
      parts.append(TokenizerFields(file: file, path: "\(name(field))[\(index)]", object: object))
    }
    return parts
  }

  /// A pattern in a field: `{"String": …}` or `{"Regex": …}`.
  func pattern(_ field: String) throws(ModelError) -> Pattern {
    guard let part = try part(field), part.object.members.count == 1 else {
      throw invalid(field, "an object with String or Regex")
    }
    if let text = part.object["String"]?.asString {
      guard !text.isEmpty else { throw invalid(field, "a text that is not empty") }
      return Pattern(literal: text)
    }
    let text = try part.string("Regex")
    do {
      return try Pattern(text)
    } catch {
      throw .unsupportedField(
        file: file, field: part.name("Regex"), expected: error.expected,
        found: "\(error.found) in \(quoted(text))")
    }
  }

  /// One scalar in a field.
  func scalar(_ field: String) throws(ModelError) -> Unicode.Scalar {
    let scalars = Array(try string(field).unicodeScalars)
    guard scalars.count == 1 else { throw invalid(field, "one character") }
    return scalars[0]
  }
}
