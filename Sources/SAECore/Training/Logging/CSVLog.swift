/// A table with a row for each record: step, time, and a column for each name.
///
/// A number that a record lacks leaves its cell empty. A name that comes up later, such as that of an
/// auxiliary loss that begins with the first dead latents, gets a column at the end: the file is written
/// anew, with empty cells in the rows before. NaN and infinity are written as nan, inf and -inf.
///
/// Format: RFC 4180, with line feeds alone.
public struct CSVLog: TrainingLog, Sendable {
  private var file: AppendedFile
  private var columns: [String] = []
  /// Bytes of the heading; 0 before the first record.
  private var headingLength = 0

  /// Creates a file.
  ///
  /// - Throws: ``FileError`` if there is a file already, or the system refuses.
  public init(_ path: String) throws(FileError) { file = try AppendedFile(creating: path) }

  /// Writes a record, and the heading before the first.
  ///
  /// - Throws: ``FileError`` if the system refuses.
  public mutating func write(_ record: TrainingRecord) throws(FileError) {
    var values: [String: Double] = [:]
    for entry in record.entries { values[entry.name] = entry.value }
    let new = record.entries.map(\.name).filter { !columns.contains($0) }
    if !new.isEmpty || headingLength == 0 { try add(new) }
    let cells = columns.map { values[$0].map { "\($0)" } ?? "" }
    let row = (["\(record.step)", "\(record.time)"] + cells).joined(separator: ",") + "\n"
    try file.append(Array(row.utf8))
  }

  /// Adds columns, with empty cells in the rows that are there.
  private mutating func add(_ new: [String]) throws(FileError) {
    let names = columns + new
    let heading = (["step", "time"] + names).map(CSVLog.cell).joined(separator: ",") + "\n"
    var text = Array(heading.utf8)
    if headingLength == 0 {
      try file.append(text)
    } else {
      let contents = try FileBytes(mapping: file.path)
      let padding = [UInt8](repeating: UInt8(ascii: ","), count: new.count)
      // Rows hold numbers alone: a line feed ends one.
      for byte in contents.bytes.array(headingLength..<contents.count) {
        if byte == UInt8(ascii: "\n") { text += padding }
        text.append(byte)
      }
      try AtomicFile.write(text, to: file.path)
      file = try AppendedFile(continuing: file.path)
    }
    columns = names
    headingLength = heading.utf8.count
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
