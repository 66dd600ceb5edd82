/// Reads settings as 0.1.0 wrote them: as Swift prints a value that does not say how it is printed.
///
///     TopKConfiguration(k: 3, auxiliaryLoss: Optional(SAECore.AuxiliaryLoss(form: …)), annealing: nil)
///
/// The result is the one that ``StoredSettings`` would hold: structures are objects of their properties,
/// cases of enumerations are objects of their name and their values, and an optional is its content.
enum ReflectedSettings {
  /// The settings that a text is of; a part that is none of this stays text.
  ///
  /// - Throws: ``FileError`` if parentheses do not match or nest too deeply.
  static func settings(
    of text: String, setting: String, file: String
  ) throws(FileError) -> StoredSettings {
    guard let value = value(text[...], depth: 0), value.asObject != nil else {
      throw .invalidSetting(
        file: file, setting: setting, expected: "settings as version 0.1.0 wrote them",
        found: String(text.prefix(60)))
    }
    return StoredSettings(value)
  }

  private static func value(_ text: Substring, depth: Int) -> JSONValue? {
    guard depth < JSONValue.depthLimit else { return nil }
    switch text {
    case "nil": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "inf", "-inf", "nan": return .string(String(text))
    case "-nan": return .string("nan")
    default: break
    }
    if Double(text) != nil { return .number(String(text)) }
    if text.first == "[" {
      guard let parts = parts(of: text.dropFirst(), end: "]") else { return nil }
      var elements: [JSONValue] = []
      for part in parts {
        guard let element = value(part, depth: depth + 1) else { return nil }
        elements.append(element)
      }
      return .array(elements)
    }
    guard let open = text.firstIndex(of: "("), text.last == ")" else { return name(text) }
    guard let parts = parts(of: text[text.index(after: open)...], end: ")") else { return nil }
    let type = text[..<open]
    var fields = JSONObject()
    for (index, part) in parts.enumerated() {
      let (label, rest) = labeled(part)
      // The frozen base of a boosted autoencoder is not described by its text.
      if type.hasPrefix("BoostingConfiguration<"), label == "base" { continue }
      guard let field = value(rest, depth: depth + 1) else { return nil }
      fields[label ?? "_\(index)"] = field
    }
    if type == "Optional" { return fields["_0"] }
    guard let last = lastName(type), last.first?.isLowercase == true else { return .object(fields) }
    var object = JSONObject()
    object[String(last)] = .object(fields)
    return .object(object)
  }

  /// A case without anything, or some other text.
  private static func name(_ text: Substring) -> JSONValue {
    guard text.contains("."), let last = lastName(text) else { return .string(String(text)) }
    // These were text already, under other names.
    if text.contains(".ActivationNormalization.") {
      let found = ActivationNormalization.allCases.first { "\($0)" == last }
      return .string(found?.rawValue ?? String(last))
    }
    if text.contains(".ActivationPenalty.Form.") {
      return .string((last == "powers" ? ActivationPenalty.Form.powers : .norm).rawValue)
    }
    var object = JSONObject()
    object[String(last)] = .object(JSONObject())
    return .object(object)
  }

  private static func lastName(_ text: Substring) -> Substring? {
    text.split(separator: ".").last
  }

  /// A part's label and the text after it.
  private static func labeled(_ part: Substring) -> (label: String?, value: Substring) {
    guard let colon = part.firstIndex(of: ":"),
      part[..<colon].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
    else { return (nil, part) }
    return (String(part[..<colon]), part[part.index(after: colon)...].drop { $0 == " " })
  }

  /// The parts between commas, up to a closing character that ends the text.
  private static func parts(of text: Substring, end: Character) -> [Substring]? {
    var parts: [Substring] = []
    var depth = 0
    var begin = text.startIndex
    func part(_ end: Substring.Index) -> Substring { text[begin..<end].drop { $0 == " " } }
    for index in text.indices {
      switch text[index] {
      case "(", "[", "<": depth += 1
      case ",":
        guard depth == 0 else { continue }
        parts.append(part(index))
        begin = text.index(after: index)
      case ")", "]", ">":
        depth -= 1
        guard depth < 0 else { continue }
        guard text[index] == end, text.index(after: index) == text.endIndex else { return nil }
        let last = part(index)
        return parts + (last.isEmpty ? [] : [last])
      default: continue
      }
    }
    return nil
  }
}
