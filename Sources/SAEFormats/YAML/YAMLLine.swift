/// A line of YAML that holds something, without its comment.
struct YAMLLine {
  let number: Int
  let indentation: Int
  let text: String

  /// Whether it is an item of a list.
  var isItem: Bool { text == "-" || text.hasPrefix("- ") }

  /// The content of an item, where it begins.
  var withoutDash: YAMLLine {
    let rest = text.dropFirst().drop { $0 == " " }
    return YAMLLine(
      number: number, indentation: indentation + text.count - rest.count, text: String(rest))
  }

  /// The lines of a text.
  ///
  /// - Throws: ``FileError`` at tabs, directives and second documents.
  static func lines(of text: String, file: String) throws(FileError) -> [YAMLLine] {
    var lines: [YAMLLine] = []
    let scalars = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : Substring(text)
    for (index, raw) in scalars.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).enumerated() {
      let number = index + 1
      let content = withoutComment(raw)
      guard !content.isEmpty else { continue }
      let indentation = content.prefix { $0 == " " }.count
      let line = String(content.dropFirst(indentation))
      guard !line.hasPrefix("\t") else {
        throw refusal(file, number, "spaces as indentation", "a tab")
      }
      if line == "---" || line == "..." || line.hasPrefix("--- ") || line.hasPrefix("%") {
        guard line == "---", lines.isEmpty else {
          throw refusal(file, number, "one document without directives", quoted(line))
        }
        continue
      }
      lines.append(YAMLLine(number: number, indentation: indentation, text: line))
    }
    return lines
  }

  static func refusal(
    _ file: String, _ number: Int, _ expected: String, _ found: String
  ) -> FileError {
    .wrongContents(file: "\(file), line \(number)", expected: expected, found: found)
  }

  /// The line up to a `#` that begins it or follows a space, outside of quotes.
  private static func withoutComment(_ line: Substring) -> Substring {
    var quote: Character?
    var previous: Character = " "
    var end = line.endIndex
    for index in line.indices {
      let character = line[index]
      if let open = quote {
        if character == open, previous != "\\" || open == "'" { quote = nil }
      } else if character == "\"" || character == "'", " :-".contains(previous) {
        quote = character
      } else if character == "#", previous == " " || previous == "\t" {
        end = index
        break
      }
      previous = character
    }
    var content = line[..<end]
    while let last = content.last, last == " " || last == "\t" { content.removeLast() }
    return content
  }

  /// The key that the line begins with, and what follows its colon; nil where there is no colon.
  func key(_ file: String) throws(FileError) -> (key: String, rest: String)? {
    if let quote = text.first, quote == "\"" || quote == "'" {
      guard let close = YAMLScalar.end(ofQuoted: text) else { return nil }
      let rest = text[text.index(after: close)...].drop { $0 == " " }
      guard rest.first == ":" else { return nil }
      let key = try YAMLScalar.unquoted(text[...close], file, number)
      return (key, String(rest.dropFirst().drop { $0 == " " }))
    }
    var index = text.startIndex
    while let colon = text[index...].firstIndex(of: ":") {
      let after = text.index(after: colon)
      if after == text.endIndex || text[after] == " " {
        let key = text[..<colon]
        if let first = key.first, "&*!|>{[?@`%".contains(first) {
          throw YAMLLine.refusal(file, number, "a plain key", quoted(String(key.prefix(40))))
        }
        return (String(key), String(text[after...].drop { $0 == " " }))
      }
      index = after
    }
    return nil
  }
}
