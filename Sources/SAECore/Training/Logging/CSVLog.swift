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
  /// - Throws: ``CSVLogError`` if a name has no column, ``FileError`` if the system refuses.
  public mutating func write(_ record: TrainingRecord) throws {
    var text = ""
    let names = columns ?? record.entries.map(\.name)
    if columns == nil {
      text += (["step", "time"] + names).map(CSVLog.cell).joined(separator: ",") + "\n"
    }
    var values: [String: Double] = [:]
    for entry in record.entries {
      guard names.contains(entry.name) else {
        throw CSVLogError(file: file.path, name: entry.name, columns: names)
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

/// A number for which a table has no column.
public struct CSVLogError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The log that could not be continued.
  public let file: String
  /// The entry that has no column in it.
  public let name: String
  /// Those of the table's first record.
  public let columns: [String]

  public var description: String {
    "\(file): expected numbers of the first record (\(columns.joined(separator: ", "))), "
      + "found \"\(name)\""
  }
}
