import Foundation

/// Settings as a checkpoint has them: JSON, for settings of any type.
struct StoredSettings: Sendable, Equatable {
  /// An object of fields.
  let value: JSONValue

  init(_ value: JSONValue) { self.value = value }

  /// The settings of a value.
  ///
  /// - Throws: the value's errors from encoding.
  init(_ settings: some Encodable, _ form: SettingsForm = .shortest) throws {
    let encoder = JSONCoding.encoder()
    encoder.userInfo[SettingsForm.key] = form
    value = try JSONValue.parse(Array(encoder.encode(settings)), file: "settings")
  }

  /// The value that has these settings.
  ///
  /// - Throws: `DecodingError`, and ``OptionError`` for a configuration that makes no sense.
  func decoded<Settings: Decodable>(as _: Settings.Type) throws -> Settings {
    let settings = try JSONCoding.decoder().decode(
      Settings.self, from: Data(value.description.utf8))
    try (settings as? any AutoencoderConfiguration)?.check()
    return settings
  }
}

/// As an encoder of other things takes it; keys are in alphabetical order.
extension StoredSettings: Codable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      value = .null
    } else if let found = try? container.decode(Bool.self) {
      value = .bool(found)
    } else if let found = try? container.decode(Int.self) {
      value = .integer(found)
    } else if let found = try? container.decode(UInt64.self) {
      value = .number("\(found)")
    } else if let found = try? container.decode(Double.self) {
      value = .double(found)
    } else if let found = try? container.decode(String.self) {
      value = .string(found)
    } else if let found = try? container.decode([StoredSettings].self) {
      value = .array(found.map(\.value))
    } else {
      var object = JSONObject()
      let members = try container.decode([String: StoredSettings].self)
      for (key, member) in members.sorted(by: { $0.key < $1.key }) { object[key] = member.value }
      value = .object(object)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch value {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let text):
      if let whole = Int(text) {
        try container.encode(whole)
      } else if let whole = UInt64(text) {
        try container.encode(whole)
      } else {
        try container.encode(value.asDouble ?? .nan)
      }
    case .string(let value): try container.encode(value)
    case .array(let elements): try container.encode(elements.map(StoredSettings.init(_:)))
    case .object(let object):
      try container.encode(
        Dictionary(uniqueKeysWithValues: object.members.map { ($0.key, StoredSettings($0.value)) }))
    }
  }
}
