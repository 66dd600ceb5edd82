import SAECore

/// Reads documents from a column of texts of a Parquet or Arrow file; rows without a text are none.
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
    func take(_ value: ArraySlice<UInt8>?, _ bytesRead: Int) throws -> Bool {
      row += 1
      guard let value else { return true }
      let bytes = Array(value)
      try TextLines.check(bytes, contents.name, line: row)
      return try body(
        TextDocument(bytes: bytes, file: contents.name, line: row), bytesRead)
    }
    if format == .parquet {
      return try ParquetTexts(contents, column: column).forEach(take)
    }
    return try ArrowTexts(contents, column: column).forEach(take)
  }
}
