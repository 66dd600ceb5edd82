/// The values of YAML that take one line.
enum YAMLScalar {
  /// What a text stands for: null, true, false, a number, or itself.
  ///
  /// - Throws: ``FileError`` at anchors, aliases, tags, block scalars and flow collections.
  static func value(
    _ text: String, _ file: String, _ number: Int
  ) throws(FileError) -> JSONValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case "[]": return .array([])
    case "{}": return .object(JSONObject())
    default: break
    }
    if let first = text.first, first == "\"" || first == "'" {
      guard let close = end(ofQuoted: text), text.index(after: close) == text.endIndex else {
        throw YAMLLine.refusal(file, number, "one text in quotes", quoted(String(text.prefix(40))))
      }
      return .string(try unquoted(text[...close], file, number))
    }
    if let name = refused(text) {
      throw YAMLLine.refusal(file, number, "a plain value", name)
    }
    return self.number(text) ?? .string(text)
  }

  /// The parts of YAML that are not read, by the character that they begin with.
  private static func refused(_ text: String) -> String? {
    let part = quoted(String(text.prefix(40)))
    return switch text.first {
    case "&": "an anchor (\(part))"
    case "*": "an alias (\(part))"
    case "!": "a tag (\(part))"
    case "|", ">": "a block scalar (\(part))"
    case "[", "{": "a flow collection (\(part))"
    case "?", "@", "`", "%": "a reserved character (\(part))"
    default: nil
    }
  }

  /// A whole number or a float.
  private static func number(_ text: String) -> JSONValue? {
    if let integer = Int(text), !text.hasPrefix("+") { return .integer(integer) }
    switch text.lowercased() {
    case ".nan": return .double(.nan)
    case ".inf", "+.inf": return .double(.infinity)
    case "-.inf": return .double(-.infinity)
    default: break
    }
    let isNumeric = text.utf8.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
    }
    guard isNumeric, text.contains(where: \.isNumber), let value = Double(text) else { return nil }
    return .double(value)
  }

  /// Where a text in quotes that begins a line ends.
  static func end(ofQuoted text: String) -> String.Index? {
    guard let quote = text.first else { return nil }
    var index = text.index(after: text.startIndex)
    while index < text.endIndex {
      let after = text.index(after: index)
      if text[index] == "\\", quote == "\"" {
        guard after < text.endIndex else { return nil }
        index = text.index(after: after)
        continue
      }
      if text[index] == quote {
        // A single quote is written twice inside.
        guard quote == "'", after < text.endIndex, text[after] == "'" else { return index }
        index = text.index(after: after)
        continue
      }
      index = after
    }
    return nil
  }

  /// The content of a text in quotes.
  static func unquoted(
    _ text: Substring, _ file: String, _ number: Int
  ) throws(FileError) -> String {
    let content = text.dropFirst().dropLast()
    if text.first == "'" { return String(content.replacing("''", with: "'")) }
    var result = ""
    var characters = content.makeIterator()
    while let character = characters.next() {
      guard character == "\\" else {
        result.append(character)
        continue
      }
      switch characters.next() {
      case "n": result.append("\n")
      case "t": result.append("\t")
      case "\"": result.append("\"")
      case "\\": result.append("\\")
      case "/": result.append("/")
      case let other:
        throw YAMLLine.refusal(
          file, number, "an escape of a quote, a backslash, a tab or a line's end",
          quoted("\\" + (other.map(String.init) ?? "")))
      }
    }
    return result
  }
}
