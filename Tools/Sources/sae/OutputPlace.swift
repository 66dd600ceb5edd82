import ArgumentParser
import Foundation
import SAECore

/// The place where a command writes its result. It is checked before hours of work and not after, and
/// kept from other processes until the value's life ends.
///
/// The rule for all commands: an existing result stays. With --force it is replaced if it holds only
/// files that the command writes itself, and only when the new result is complete. A directory that holds
/// an input, or in which the command was started, stays in any case.
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
    try OutputPlace.check(destination.path, holdsNone: inputs)
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
    let name = URL(fileURLWithPath: path).lastPathComponent.prefix(60) + ".result"
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

  /// Throws where a path is that of an input or a folder above it, or of the working directory or a
  /// folder above that, whatever names lead there.
  static func check(_ path: String, holdsNone inputs: [String]) throws {
    guard let place = FileIdentity(path) else { return }
    func isAbove(_ other: String) -> Bool {
      var current = URL(fileURLWithPath: other).standardizedFileURL.path
      while true {
        if FileIdentity(current) == place { return true }
        guard current != "/" else { return false }
        current = URL(fileURLWithPath: current).deletingLastPathComponent().path
      }
    }
    for input in inputs {
      // Where the input is, and where a link in the directory names it.
      let real = URL(fileURLWithPath: input).resolvingSymlinksInPath().path
      guard !isAbove(real), !isAbove(input) else {
        throw ToolError("\(path): expected a place of its own, found the input \(input) there")
      }
    }
    guard !isAbove(FileManager.default.currentDirectoryPath) else {
      throw ToolError("\(path): expected a place of its own, found the working directory there")
    }
  }
}

/// The system's identity of a file or directory, however it is named.
private struct FileIdentity: Equatable {
  private let device: UInt64
  private let number: UInt64

  /// Nil where nothing has the name.
  init?(_ path: String) {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      let device = attributes[.systemNumber] as? NSNumber,
      let number = attributes[.systemFileNumber] as? NSNumber
    else { return nil }
    (self.device, self.number) = (device.uint64Value, number.uint64Value)
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
