import SAECore

/// Reads documents from a column of texts of a Parquet or Arrow file.
struct ColumnReader {
  private let contents: FileBytes
  private let format: TextFormat
  private let column: String

  init(_ contents: FileBytes, _ format: TextFormat, column: String) {
    self.contents = contents
    self.format = format
    self.column = column
  }

  func read(_ body: (TextDocument, Int) throws -> Bool) throws -> Bool {
    var row = 0
    func read(_ values: [[UInt8]?], _ bytesRead: Int) throws -> Bool {
      for value in values {
        row += 1
        guard let value else { continue }
        guard String(validating: value, as: UTF8.self) != nil else {
          throw FileError.malformedLine(
            file: contents.name, line: row, expected: "UTF-8", found: "bytes that are not")
        }
        let document = TextDocument(bytes: value, file: contents.name, line: row)
        guard try body(document, bytesRead) else { return false }
      }
      return true
    }
    throw FileError.unsupported(
      file: contents.name, expected: "text, JSON lines or CSV", found: "\(format)")
  }
}
