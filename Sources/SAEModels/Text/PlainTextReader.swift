import SAECore

/// Reads documents from plain text: a file is one, or they lie a blank line apart.
struct PlainTextReader {
  private let contents: FileBytes
  private let splitsAtBlankLines: Bool

  init(_ contents: FileBytes, splitsAtBlankLines: Bool) {
    self.contents = contents
    self.splitsAtBlankLines = splitsAtBlankLines
  }

  func read(_ body: (TextDocument, Int) throws -> Bool) throws -> Bool {
    guard splitsAtBlankLines else {
      let begin = TextLines(contents).position
      let bytes = contents.bytes.array(begin..<contents.count)
      contents.release(0..<contents.count)
      if String(validating: bytes, as: UTF8.self) == nil {
        // Line by line, for the number of the line.
        var lines = TextLines(contents)
        while let line = lines.next() {
          try TextLines.check(line, contents.name, line: lines.line)
        }
      }
      return try body(
        TextDocument(bytes: bytes, file: contents.name, line: 1), contents.count)
    }
    var lines = TextLines(contents)
    var document: [UInt8] = []
    var first = 1
    while let line = lines.next() {
      try TextLines.check(line, contents.name, line: lines.line)
      guard line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else {
        if document.isEmpty { first = lines.line } else { document.append(UInt8(ascii: "\n")) }
        document += line
        continue
      }
      guard !document.isEmpty else { continue }
      let found = TextDocument(bytes: document, file: contents.name, line: first)
      guard try body(found, lines.position) else { return false }
      document = []
    }
    guard !document.isEmpty else { return true }
    return try body(
      TextDocument(bytes: document, file: contents.name, line: first), contents.count)
  }
}
