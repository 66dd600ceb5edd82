/// A setting in which a run differs from the checkpoint that it is to go on from.
struct SettingsDifference: Equatable {
  /// Such as "auxiliaryLoss.coefficient".
  let setting: String
  let inRun: String
  let inCheckpoint: String

  /// The first difference in meaning: a written field and a missing one with the same meaning are equal,
  /// and so are 5 and 5.0.
  ///
  /// - Parameters:
  ///   - checkpoint: in any form.
  ///   - run: in ``SettingsForm/complete``.
  ///   - absences: the run's in ``SettingsForm/absences``.
  ///   - path: where they stand, for the message.
  /// - Returns: nil if there is none. A field of the checkpoint that the run does not know is a
  ///   difference: a field without a meaning would not have been written.
  static func first(
    checkpoint: JSONValue?, run: JSONValue?, absences: JSONValue?, at path: [String] = []
  ) -> SettingsDifference? {
    if case .object(let found)? = checkpoint, case .object(let expected)? = run,
      !areDifferentCases(found, expected)
    {
      let keys = Set((found.members + expected.members).map(\.key)).sorted()
      return keys.lazy.compactMap { key in
        let absence = absences?.asObject?[key]?.asObject
        return first(
          checkpoint: found[key] ?? absence?["absent"], run: expected[key],
          absences: absence?["inside"], at: path + [key])
      }.first
    }
    guard !areEqual(checkpoint, run) else { return nil }
    return SettingsDifference(
      setting: path.joined(separator: "."), inRun: text(run), inCheckpoint: text(checkpoint))
  }

  private static func areEqual(_ one: JSONValue?, _ other: JSONValue?) -> Bool {
    switch (one ?? .null, other ?? .null) {
    case (.number(let a), .number(let b)):
      return a == b || !(isWhole(a) && isWhole(b)) && Double(a) == Double(b)
    case (.array(let a), .array(let b)):
      return a.count == b.count && zip(a, b).allSatisfy { areEqual($0, $1) }
    case (.object(let a), .object(let b)):
      return Set(a.members.map(\.key)) == Set(b.members.map(\.key))
        && a.members.allSatisfy { areEqual($0.value, b[$0.key]) }
    case (let a, let b): return a == b
    }
  }

  /// Beyond 2⁵³ two whole numbers may be the same double.
  private static func isWhole(_ text: String) -> Bool { Int(text) != nil || UInt64(text) != nil }

  /// Two cases of an enumeration are one difference.
  private static func areDifferentCases(_ one: JSONObject, _ other: JSONObject) -> Bool {
    one.members.count == 1 && other.members.count == 1 && one.members[0].key != other.members[0].key
  }

  /// A value for a message: cases without numbers by their names.
  private static func text(_ value: JSONValue?) -> String {
    switch value {
    case nil, .null: return "none"
    case .object(let object):
      guard let only = object.members.first, object.members.count == 1 else { break }
      if only.value == .object(JSONObject()) { return only.key }
    case .string(let text): return text
    default: break
    }
    return value.map(\.description) ?? "none"
  }
}
