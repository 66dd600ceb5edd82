/// How settings are written: each field under a key of its own, which stays the same when the property
/// gets another name.
///
///     private static var fields: SettingsFields<Self> {
///       [.required("k", \.k), .optional("annealing", \.annealing, absent: nil)]
///     }
///
/// A missing field stands for a fixed value: the behavior of versions that had no such field. A field at
/// that value is not written, so a version with one more field and a version without it write the same
/// where nobody uses the field. The value stays when a default changes.
struct SettingsFields<Settings>: ExpressibleByArrayLiteral {
  /// A property and its key.
  struct Field {
    let key: String
    let encode: (Settings, inout KeyedEncodingContainer<SettingsKey>, SettingsForm) throws -> Void
    let decode: (inout Settings, KeyedDecodingContainer<SettingsKey>) throws -> Void
  }

  let fields: [Field]

  init(arrayLiteral fields: Field...) { self.fields = fields }

  init(_ fields: [Field]) { self.fields = fields }

  /// Writes settings in the form that the encoder asks for.
  func encode(_ settings: Settings, to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: SettingsKey.self)
    let form = SettingsForm.of(encoder)
    for field in fields { try field.encode(settings, &container, form) }
  }

  /// Reads settings.
  ///
  /// - Parameter settings: any; every field is set.
  func decode(from decoder: any Decoder, into settings: Settings) throws -> Settings {
    var settings = settings
    let container = try decoder.container(keyedBy: SettingsKey.self)
    for field in fields { try field.decode(&settings, container) }
    return settings
  }
}

extension SettingsFields.Field {
  /// A field that every file has.
  static func required<Value: Codable>(
    _ key: String, _ property: WritableKeyPath<Settings, Value>
  ) -> Self {
    let name = SettingsKey(stringValue: key)
    return Self(
      key: key,
      encode: { settings, container, form in
        try form.encode(settings[keyPath: property], absent: nil, forKey: name, in: &container)
      }, decode: { $0[keyPath: property] = try $1.decode(Value.self, forKey: name) })
  }

  /// A field that files may lack.
  ///
  /// - Parameter absent: the value of a missing field, forever.
  static func optional<Value: Codable & Equatable>(
    _ key: String, _ property: WritableKeyPath<Settings, Value>, absent: Value
  ) -> Self {
    let name = SettingsKey(stringValue: key)
    return Self(
      key: key,
      encode: { settings, container, form in
        let value = settings[keyPath: property]
        if form == .shortest, value == absent { return }
        try form.encode(
          value, absent: StoredSettings(absent, .complete), forKey: name, in: &container)
      },
      decode: { settings, container in
        settings[keyPath: property] =
          container.contains(name) ? try container.decode(Value.self, forKey: name) : absent
      })
  }
}

/// In which form settings are written.
enum SettingsForm: Sendable {
  /// Without fields at the value of a missing one: the form in files.
  case shortest
  /// With all fields.
  case complete
  /// A ``SettingsAbsence`` of each field.
  case absences

  /// The key under which an encoder has it.
  static let key: CodingUserInfoKey = {
    guard let key = CodingUserInfoKey(rawValue: "settingsForm") else {
      preconditionFailure("any text is a key")
    }
    return key
  }()

  /// The form that an encoder is to write.
  static func of(_ encoder: any Encoder) -> SettingsForm {
    encoder.userInfo[key] as? SettingsForm ?? .shortest
  }

  /// Writes a field.
  ///
  /// - Parameter absent: the value of a missing field; nil where the field is required.
  func encode<Key>(
    _ value: some Encodable, absent: @autoclosure () throws -> StoredSettings?, forKey key: Key,
    in container: inout KeyedEncodingContainer<Key>
  ) throws {
    if self == .absences {
      try container.encode(SettingsAbsence(absent: absent(), inside: value), forKey: key)
    } else {
      try container.encode(value, forKey: key)
    }
  }
}

struct SettingsKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

/// The description of a field that a file may lack, or that has fields itself.
private struct SettingsAbsence<Value: Encodable>: Encodable {
  /// The value of a missing field; nil where the field is required.
  let absent: StoredSettings?
  /// In ``SettingsForm/absences``.
  let inside: Value
}
