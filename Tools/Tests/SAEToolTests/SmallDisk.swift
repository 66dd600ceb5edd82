import Foundation
import Testing

/// A file system in memory that is soon full; gone with the value.
final class SmallDisk {
  let path: String

  /// Whether this process may mount one.
  static let isPossible: Bool = {
    guard let folder = try? ScratchFolder() else { return false }
    return (try? SmallDisk(folder.file("disk"), size: "64k")) != nil
  }()

  /// Why tests are skipped.
  static let absence: Comment = "no small file system can be mounted here"

  /// - Throws: if it cannot be mounted.
  init(_ path: String, size: String) throws {
    self.path = path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let arguments = ["-t", "tmpfs", "-o", "size=\(size)", "tmpfs", path]
    guard Command.run("/bin/mount", arguments) == 0 else { throw CocoaError(.fileWriteUnknown) }
  }

  deinit { _ = Command.run("/bin/umount", [path]) }

  func resize(_ size: String) -> Bool {
    Command.run("/bin/mount", ["-o", "remount,size=\(size)", path]) == 0
  }
}
