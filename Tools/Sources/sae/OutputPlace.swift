import ArgumentParser
import Foundation
import SAECore

/// The place where a command writes its result. It is checked before hours of work and not after, and
/// kept from other processes until the value's life ends.
///
/// The rule for all commands: an existing result stays. With --force it is replaced if it holds only
/// files that the command writes itself, and only when the new result is complete. A directory that holds
/// an input, or in which the command was started, stays in any case, and so does all that is in an input.
final class OutputPlace {
  let destination: Destination
  /// Whether an existing result is replaced.
  let replaces: Bool
  private let lock: DestinationLock

  /// The path, from the root and without links.
  var path: String { destination.path }

  /// - Parameters:
  ///   - path: as it was given.
  ///   - result: the kind of result that the command writes.
  ///   - force: whether an existing one is replaced.
  ///   - inputs: the files and directories that the command reads.
  init(_ path: String, for result: Artifact, force: Bool, inputs: [String]) throws {
    let destination = try Destination(path)
    try OutputPlace.check(destination.path, isApartFrom: inputs)
    do {
      try destination.check(for: result, replacing: force)
    } catch {
      // A result that could be replaced is there, and --force is missing.
      guard !force, (try? destination.check(for: result, replacing: true)) != nil else {
        throw error
      }
      throw ToolError("\(error); --force replaces it")
    }
    lock = try DestinationLock(destination)
    self.destination = destination
    replaces = force
  }

  /// Throws unless a longer name than the result's can stand beside it.
  ///
  /// - Parameters:
  ///   - suffix: what the longest name has after the result's.
  ///   - depth: bytes of the longest path below that name.
  func checkRoom(forSuffix suffix: String, below depth: Int) throws {
    let parts = URL(fileURLWithPath: path)
    let folder = parts.deletingLastPathComponent().path
    func limit(_ name: Int32, or usual: Int) -> Int {
      let found = pathconf(folder, name)
      return found > 0 ? found : usual
    }
    func check(_ what: String, _ text: String, _ most: Int) throws {
      guard text.utf8.count > most else { return }
      throw UsageError(
        "--out: expected a \(what) of at most \(most) bytes, so that its checkpoints have room, found "
          + "\(text.utf8.count)")
    }
    try check(
      "name", parts.lastPathComponent, limit(Int32(_PC_NAME_MAX), or: 255) - suffix.utf8.count)
    try check(
      "path", path, limit(Int32(_PC_PATH_MAX), or: 4096) - suffix.utf8.count - depth)
  }

  /// Puts a result there, or where that fails, into the first of other folders that takes it.
  ///
  /// - Parameters:
  ///   - others: folders besides the working directory and that of temporary files.
  ///   - write: writes it; the second time it must not replace anything.
  /// - Throws: the error of writing, or one that says where the result is instead.
  func put(orInto others: [String] = [], _ write: (Destination, _ replaces: Bool) throws -> Void)
    throws
  {
    let reason: any Error
    do {
      return try write(destination, replaces)
    } catch {
      // This one says where it is.
      if case FileError.notPlaced = error { throw error }
      reason = error
    }
    let manager = FileManager.default
    // A character may take many bytes.
    var name = URL(fileURLWithPath: path).lastPathComponent
    while name.utf8.count > 200 { name.removeLast() }
    name += ".result"
    for folder in others + [manager.currentDirectoryPath, manager.temporaryDirectory.path] {
      for number in 1...9 {
        let kept = "\(folder)/\(name)\(number == 1 ? "" : "-\(number)")"
        guard let destination = try? Destination(kept) else { break }
        guard (try? write(destination, false)) != nil else { continue }
        throw FileError.notPlaced(file: path, kept: destination.path, reason: "\(reason)")
      }
    }
    throw reason
  }

  /// Throws where a path is that of an input or a folder above it, or lies in an input, or is that of the
  /// working directory or a folder above that, whatever names lead there.
  static func check(_ path: String, isApartFrom inputs: [String]) throws {
    let place = FileIdentity(path)
    func isAbove(_ other: String) -> Bool { place?.isAtOrAbove(other) ?? false }
    for input in inputs {
      // Where the input is, and where a link in the directory names it.
      let real = URL(fileURLWithPath: input).resolvingSymlinksInPath().path
      guard !isAbove(real), !isAbove(input) else {
        throw ToolError("\(path): expected a place of its own, found the input \(input) there")
      }
    }
    try check(path, isOutside: inputs)
    guard !isAbove(FileManager.default.currentDirectoryPath) else {
      throw ToolError("\(path): expected a place of its own, found the working directory there")
    }
  }
}

extension OutputPlace {
  /// Throws where a path lies in a directory that is an input.
  static func check(_ path: String, isOutside inputs: [String]) throws {
    for input in inputs {
      guard FileIdentity(input)?.isAtOrAbove(path) == true else { continue }
      throw ToolError(
        "\(path): expected a place outside all inputs, found one in the input \(input); name another"
      )
    }
  }
}

/// The system's identity of a file or directory, however it is named; a link has that of its target.
private struct FileIdentity: Equatable {
  private let device: UInt64
  private let number: UInt64

  /// Nil where nothing has the name.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    (device, number) = (UInt64(bitPattern: Int64(status.st_dev)), UInt64(status.st_ino))
  }

  /// Whether a path, or a folder above it, is this one.
  func isAtOrAbove(_ path: String) -> Bool {
    var current = URL(fileURLWithPath: path).standardizedFileURL.path
    while true {
      if FileIdentity(current) == self { return true }
      guard current != "/" else { return false }
      current = URL(fileURLWithPath: current).deletingLastPathComponent().path
    }
  }
}

/// The option of all commands that write a result.
struct ForceOption: ParsableArguments {
  @Flag(
    help: """
      Replace an existing result when the new one is complete. A directory that holds anything else \
      stays.
      """)
  var force = false
}
