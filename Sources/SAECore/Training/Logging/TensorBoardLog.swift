import Foundation

/// An event file, as TensorBoard reads them: every number a scalar under its name.
///
/// A file is a row of records: length (8 bytes), masked CRC-32C of these (4), data, masked CRC-32C
/// of the data (4); numbers little-endian.
///
/// Format: TensorFlow's TFRecord and `EventMessage`.
public struct TensorBoardLog: TrainingLog, Sendable {
  private let file: AppendedFile

  /// The file in the folder.
  public var path: String { file.path }

  /// Begins a new file in a folder, which is created if it is not there; a run that is continued
  /// begins another file in the same folder.
  ///
  /// - Throws: ``FileError`` if the system refuses.
  public init(
    folder: String, time: Double = TrainingRecord.now
  ) throws(FileError) {
    if !SystemCall.exists(folder) { try SystemCall.makeDirectory(folder) }
    let process = ProcessInfo.processInfo
    let name =
      "\(folder)/events.out.tfevents.\(Int(time)).\(process.hostName).\(process.processIdentifier)"
    file = try TensorBoardLog.newFile(name)
    try append(EventMessage.version(time: time))
  }

  public func write(_ record: TrainingRecord) throws(FileError) {
    try append(EventMessage.scalars(record))
  }

  /// TensorBoard reads a folder's files in the order of their names, so that the number that tells
  /// those of one second apart has always as many digits.
  private static func newFile(_ name: String) throws(FileError) -> AppendedFile {
    for number in 0..<10_000 {
      let digits = "\(number)"
      let suffix = String(repeating: "0", count: 4 - digits.count) + digits
      do {
        return try AppendedFile(creating: "\(name).\(suffix)")
      } catch .alreadyExists {
        continue
      }
    }
    throw .alreadyExists(file: name)
  }

  private func append(_ data: [UInt8]) throws(FileError) {
    let length = EventMessage.littleEndian(UInt64(data.count))
    try file.append(
      length + EventMessage.littleEndian(CRC32C.masked(length)) + data
        + EventMessage.littleEndian(CRC32C.masked(data)))
  }
}
