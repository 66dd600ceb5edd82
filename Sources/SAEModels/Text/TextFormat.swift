import SAECore

/// The formats of files with texts, told by the ends of their names.
public enum TextFormat: String, Sendable, CaseIterable {
  /// Plain text.
  case text = "txt"
  /// A JSON object on each line.
  case jsonLines = "jsonl"
  /// Values with commas between, the first line their names (RFC 4180).
  case csv
  /// Apache Parquet, with a column of texts.
  case parquet
  /// Apache Arrow's IPC format, as a file or a stream, with a column of texts.
  case arrow

  /// The format of a file; nil for one that is none of texts.
  public init?(file: String) {
    guard let dot = file.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    let ending = String(file[file.utf8.index(after: dot)...]).lowercased()
    let others: [String: TextFormat] = [
      "text": .text, "ndjson": .jsonLines, "json": .jsonLines, "feather": .arrow,
    ]
    guard let format = TextFormat(rawValue: ending) ?? others[ending] else { return nil }
    self = format
  }
}
