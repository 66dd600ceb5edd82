import SAECore

/// Reads documents from a column of comma-separated values (RFC 4180); the first record names the columns.
struct CSVReader {
  private let contents: FileBytes
  private let field: String

  init(_ contents: FileBytes, field: String) {
    self.contents = contents
    self.field = field
  }

  func read(_ body: (TextDocument, Int) throws -> Bool) throws -> Bool {
    var lines = TextLines(contents)
    guard let (header, _) = try record(&lines) else {
      throw FileError.malformedLine(
        file: contents.name, line: 1, expected: "the names of columns", found: "the end")
    }
    guard let column = header.firstIndex(where: { $0.elementsEqual(field.utf8) }) else {
      let names = header.map { quoted(String(decoding: $0, as: UTF8.self)) }
      throw FileError.malformedLine(
        file: contents.name, line: 1, expected: "a column \(quoted(field))",
        found: String(names.joined(separator: ", ").prefix(200)))
    }
    while let (values, line) = try record(&lines) {
      // An empty line is no record.
      if values.count == 1, values[0].isEmpty, header.count > 1 { continue }
      guard values.count == header.count else {
        throw FileError.malformedLine(
          file: contents.name, line: line, expected: "\(header.count) values",
          found: "\(values.count)")
      }
      let document = TextDocument(bytes: values[column], file: contents.name, line: line)
      guard try body(document, lines.position) else { return false }
    }
    return true
  }

  /// The values of the next record, and its first line.
  private func record(
    _ lines: inout TextLines
  ) throws(FileError) -> (values: [[UInt8]], line: Int)? {
    guard var line = lines.next() else { return nil }
    let first = lines.line
    try TextLines.check(line, contents.name, line: first)
    let (quote, comma) = (UInt8(ascii: "\""), UInt8(ascii: ","))
    var values: [[UInt8]] = []
    var value: [UInt8] = []
    var position = 0
    while true {
      guard position < line.count, line[position] == quote else {
        while position < line.count, line[position] != comma {
          guard line[position] != quote else {
            throw malformed(lines.line, "no quote within a value that has none around it")
          }
          value.append(line[position])
          position += 1
        }
        values.append(value)
        value = []
        guard position < line.count else { return (values, first) }
        position += 1
        continue
      }
      position += 1
      while true {
        if position < line.count, line[position] != quote {
          value.append(line[position])
          position += 1
        } else if position + 1 < line.count, line[position + 1] == quote {
          value.append(quote)
          position += 2
        } else if position < line.count {
          position += 1
          break
        } else {
          // The value goes on in the next line.
          guard let next = lines.next() else { throw malformed(first, "the end of a quoted value") }
          try TextLines.check(next, contents.name, line: lines.line)
          value.append(UInt8(ascii: "\n"))
          line = next
          position = 0
        }
      }
      values.append(value)
      value = []
      guard position < line.count else { return (values, first) }
      guard line[position] == comma else {
        throw malformed(lines.line, "a comma after a quoted value")
      }
      position += 1
    }
  }

  private func malformed(_ line: Int, _ expected: String) -> FileError {
    .malformedLine(file: contents.name, line: line, expected: expected, found: "another")
  }
}
