import SAECore

/// Reads documents from a field of JSON objects, one on each line.
struct JSONLinesReader {
  private let contents: FileBytes
  private let field: String

  init(_ contents: FileBytes, field: String) {
    self.contents = contents
    self.field = field
  }

  func read(_ body: (TextDocument, Int) throws -> Bool) throws -> Bool {
    var lines = TextLines(contents)
    while let line = lines.next() {
      guard line.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { continue }
      let text = try text(line, lines.line)
      let document = TextDocument(bytes: text, file: contents.name, line: lines.line)
      guard try body(document, lines.position) else { return false }
    }
    return true
  }

  private func text(_ line: [UInt8], _ number: Int) throws(FileError) -> [UInt8] {
    var found: JSONValue?
    var reader = JSONReader(line, file: contents.name)
    do {
      try reader.object { reader, key throws(FileError) in
        let value = try reader.value(depth: 1)
        if key.utf8.elementsEqual(field.utf8) { found = value }
      }
      try reader.end()
    } catch .malformed(_, let offset, let expected, let found) {
      throw .malformedLine(
        file: contents.name, line: number, expected: "\(expected) at byte \(offset)", found: found)
    } catch .duplicateName(_, let name) {
      throw .malformedLine(
        file: contents.name, line: number, expected: "every key once",
        found: "\(quoted(name)) twice")
    }
    guard let found else {
      throw .malformedLine(
        file: contents.name, line: number, expected: "a field \(quoted(field))", found: "none")
    }
    guard case .string(let text) = found else {
      throw .malformedLine(
        file: contents.name, line: number, expected: "a text in the field \"\(field)\"",
        found: String(found.description.prefix(60)))
    }
    return Array(text.utf8)
  }
}
