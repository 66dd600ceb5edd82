/// One record per line, each an object: {"step":1,"time":0.5,"loss":0.25}.
///
/// JSON has no NaN and no infinity; these are the strings "nan", "inf" and "-inf".
///
/// Format: jsonlines.org.
public struct JSONLinesLog: TrainingLog, Sendable {
  private let file: AppendedFile

  /// Goes on with a file, or creates it. A line that an interrupted run left unfinished is ended.
  ///
  /// - Throws: ``FileError`` if the system refuses.
  public init(_ path: String) throws(FileError) {
    file = try AppendedFile(continuing: path)
    if let last = try file.lastByte(), last != UInt8(ascii: "\n") {
      try file.append([UInt8(ascii: "\n")])
    }
  }

  public func write(_ record: TrainingRecord) throws(FileError) {
    var line = "{\"step\":\(record.step),\"time\":\(JSONLinesLog.number(record.time))"
    for entry in record.entries {
      line += ",\(JSONText.quote(entry.name)):\(JSONLinesLog.number(entry.value))"
    }
    try file.append(Array((line + "}\n").utf8))
  }

  private static func number(_ value: Double) -> String {
    value.isFinite ? "\(value)" : value.isNaN ? "\"nan\"" : "\"\(value)\""
  }
}
