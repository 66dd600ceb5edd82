/// A table with a row for each record: step, time, and a column for each name of the first record.
///
/// A number that a later record lacks leaves its cell empty. NaN and infinity are written as nan,
/// inf and -inf.
///
/// Format: RFC 4180, with line feeds alone.
public struct CSVLog: TrainingLog, Sendable {
  private let file: AppendedFile
  private var columns: [String]?

  /// Creates a file.
  ///
  /// - Throws: ``FileError`` if there is a file already, or the system refuses.
  public init(_ path: String) throws(FileError) { file = try AppendedFile(creating: path) }

  /// Writes a record, and the heading before the first.
  ///
  /// - Throws: ``FileError`` if a name has no column, or the system refuses.
  public mutating func write(_ record: TrainingRecord) throws(FileError) {
    var text = ""
    let names = columns ?? record.entries.map(\.name)
    if columns == nil {
      text += (["step", "time"] + names).map(CSVLog.cell).joined(separator: ",") + "\n"
    }
    var values: [String: Double] = [:]
    for entry in record.entries {
      guard names.contains(entry.name) else {
        throw .wrongContents(
          file: file.path,
          expected: "numbers of the first record (\(names.joined(separator: ", ")))",
          found: "\"\(entry.name)\"")
      }
      values[entry.name] = entry.value
    }
    let cells = names.map { values[$0].map { "\($0)" } ?? "" }
    text += (["\(record.step)", "\(record.time)"] + cells).joined(separator: ",") + "\n"
    try file.append(Array(text.utf8))
    columns = names
  }

  /// In quotes where it must be.
  private static func cell(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else {
      return text
    }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
