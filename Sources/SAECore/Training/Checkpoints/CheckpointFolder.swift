import Foundation

/// A folder of a run's or a sweep's checkpoints, `step-000000001000` and so on, of which the last ones are kept.
///
/// A checkpoint that is there is whole: it appears under its name when it is complete, and gets a temporary
/// name before it is removed.
public struct CheckpointFolder: Sendable {
  /// The folder.
  public let path: String
  /// How many are kept.
  public let kept: Int

  /// A folder, which need not be there yet.
  ///
  /// - Throws: ``OptionError`` unless at least one is to be kept.
  public init(_ path: String, keeping kept: Int = 2) throws(OptionError) {
    try OptionError.check("keep-checkpoints", kept, in: 1...Int.max)
    self.path = path
    self.kept = kept
  }

  /// The checkpoints that are there, earlier steps first.
  public var checkpoints: [String] {
    names.filter { CheckpointFolder.step(of: $0) != nil }.sorted().map { "\(path)/\($0)" }
  }

  /// The one of the latest step.
  ///
  /// - Throws: ``FileError`` if there is none.
  public func latest() throws(FileError) -> String {
    guard let latest = checkpoints.last else {
      throw .unrecognized(
        file: path, lookedFor: ["checkpoints named step-…"], found: Array(names.prefix(10)))
    }
    return latest
  }

  /// Whether the path is that of a single checkpoint of a run.
  public static func isCheckpoint(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/\(TrainingCheckpoint.header)")
  }

  /// Writes a checkpoint, and then removes older ones than those that are kept, and what a killed run left
  /// half written. The folder is created; its parent must exist.
  ///
  /// - Returns: the checkpoint's directory.
  /// - Throws: ``FileError`` if the disk refuses; the checkpoints that were there are there
  ///   still.
  @discardableResult
  public func write(_ checkpoint: TrainingCheckpoint) throws(FileError) -> String {
    try write(step: checkpoint.step) { directory throws(FileError) in
      try checkpoint.write(to: directory, replacing: true)
    }
  }

  /// Writes a checkpoint of a sweep, and then removes as for one of a run.
  ///
  /// - Returns: the checkpoint's directory.
  /// - Throws: ``FileError`` if the disk refuses; the checkpoints that were there are there
  ///   still.
  @discardableResult
  public func write(_ checkpoint: SweepCheckpoint) throws(FileError) -> String {
    try write(step: checkpoint.step) { directory throws(FileError) in
      try checkpoint.write(to: directory, replacing: true)
    }
  }

  private func write(
    step: Int, _ write: (_ directory: String) throws(FileError) -> Void
  ) throws(FileError) -> String {
    removeUnfinished()
    if !SystemCall.exists(path) {
      try SystemCall.makeDirectory(path)
      try DirectoryHandle(Path.split(path).folder).synchronize()
    }
    let directory = "\(path)/\(CheckpointFolder.name(step))"
    try write(directory)
    let earlier = checkpoints.filter { $0 < directory }
    for old in earlier.dropLast(kept - 1) { try remove(old) }
    return directory
  }

  /// Removes all checkpoints.
  ///
  /// - Throws: ``FileError`` if the system refuses.
  public func removeAll() throws(FileError) {
    removeUnfinished()
    for checkpoint in checkpoints { try remove(checkpoint) }
  }

  /// The first thing in the folder that is not part of a checkpoint of a run, in quotes; nil if there is
  /// none. What a killed run left half written counts as part of a checkpoint.
  ///
  /// - Throws: ``FileError`` if something else than a folder is there, or it cannot be listed.
  public func foreignEntry() throws(FileError) -> String? {
    guard SystemCall.exists(path) else { return nil }
    let folder = try DirectoryHandle(path)
    for bytes in try folder.names().sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard let name = String(validating: bytes, as: UTF8.self) else {
        return FileName.quoted(bytes)
      }
      if name.hasPrefix(".step-"), TemporaryName.isTemporary(name) { continue }
      guard CheckpointFolder.step(of: name) != nil, try folder.entry(name) == .directory else {
        return FileName.quoted(bytes)
      }
      let contents = try DirectoryHandle(name, in: folder)
      if let foreign = try Artifact.checkpoint.foreignName(try contents.names(), in: contents) {
        return "\(foreign) in \(FileName.quoted(bytes))"
      }
    }
    return nil
  }

  /// Removes all checkpoints and takes over another folder's, which must be in the same folder.
  ///
  /// - Throws: ``FileError`` if the system refuses.
  public func replace(with other: CheckpointFolder) throws(FileError) {
    try removeAll()
    let destination = try Destination(path)
    destination.folder.removeDirectory(destination.name)
    guard !other.checkpoints.isEmpty else { return }
    // Refused where something else is left in the folder: then both stay as they are.
    try destination.folder.rename(Path.split(other.path).name, to: destination.name)
  }

  /// Removes a checkpoint.
  ///
  /// - Parameter directory: one of ``checkpoints``.
  /// - Throws: ``FileError`` if the system refuses.
  public func remove(_ directory: String) throws(FileError) {
    let folder = try DirectoryHandle(path)
    let name = Path.split(directory).name
    let unfinished = TemporaryName.of(name)
    try folder.rename(name, to: unfinished)
    AtomicDirectory.remove(unfinished, in: folder)
  }

  private func removeUnfinished() {
    try? DirectoryHandle(path).removeLeftovers { $0.hasPrefix(".step-") }
  }

  private var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  }

  private static let digits = 12

  private static func name(_ step: Int) -> String {
    let number = "\(step)"
    return "step-" + String(repeating: "0", count: max(0, digits - number.count)) + number
  }

  /// The step of a checkpoint in a folder, by its name or path; nil if it is none.
  public static func step(of path: String) -> Int? {
    let name = Path.split(path).name
    guard name.hasPrefix("step-") else { return nil }
    let number = name.dropFirst("step-".count)
    return number.count >= digits && number.allSatisfy(\.isWholeNumber) ? Int(number) : nil
  }
}
