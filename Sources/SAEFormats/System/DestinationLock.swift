import Foundation

/// Keeps other processes from writing to a destination; given back when the value's life ends.
public final class DestinationLock: Sendable {
  private let file: LockedFile

  /// Locks the result that is to appear at a destination, by a file `.NAME.lock` beside it.
  ///
  /// - Throws: ``FileError/locked(file:owner:)``, which says which process writes there, on which
  ///   machine, since when.
  public init(_ destination: Destination) throws(FileError) {
    file = try LockedFile(
      ".\(TemporaryName.shortened(destination.name)).lock", in: destination.folder,
      for: destination.path, owner: DestinationLock.owner)
  }

  /// Locks a directory in which files appear one by one, by a file ``name`` in it. It is made, with those
  /// above it, if it is not there.
  ///
  /// - Throws: as for a destination; ``FileError/notReplaceable(file:expected:found:)`` if something
  ///   else is there.
  public init(directory path: String) throws(FileError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      guard !SystemCall.exists(path) else {
        throw .notReplaceable(file: path, expected: "a directory", found: "something else")
      }
      throw .system(
        file: path, operation: "create the directory", reason: error.localizedDescription)
    }
    file = try LockedFile(
      DestinationLock.name, in: DirectoryHandle(path), for: path, owner: DestinationLock.owner)
  }

  /// The name of the file in a directory that is locked.
  public static let name = ".lock"

  private static var owner: String {
    let process = ProcessInfo.processInfo
    return "process \(process.processIdentifier) on \(process.hostName) since "
      + Date().formatted(.iso8601)
  }
}
