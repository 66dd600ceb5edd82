/// How settings are written: each field under a key of its own, which stays what it is when the property
/// gets another name.
///
///     private static var fields: SettingsFields<Self> {
///       [.required("k", \.k), .optional("annealing", \.annealing, absent: nil)]
///     }
///
/// A field at the value that its absence stands for is not written, so that a version with one more
/// field and a version without it write the same where nobody uses it. What absence stands for is what
/// versions did that had no such field; it stays when a default changes.
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

  /// Writes settings; in which form the encoder says.
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
  /// - Parameter absent: what its absence stands for, for ever.
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
  /// Without fields whose absence says the same: what is in files.
  case shortest
  /// With all fields.
  case complete
  /// A ``SettingsAbsence`` of each field.
  case absences

  /// Under which an encoder has it.
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
  /// - Parameter absent: what its absence stands for; nil where it has to be there.
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

/// What is to be known of a field that a file lacks, or that lacks fields.
private struct SettingsAbsence<Value: Encodable>: Encodable {
  /// What the field's absence stands for; nil where it has to be there.
  let absent: StoredSettings?
  /// In ``SettingsForm/absences``.
  let inside: Value
}
