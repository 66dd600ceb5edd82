import Foundation
import SAECore

/// The directory that a study lives in.
///
/// Each file in it appears when it is complete, so that a file that is there need not be made again.
struct StudyFolder: Sendable {
  let path: String
  /// Two studies in one directory would remove each other's files.
  private let lock: DestinationLock

  var configuration: String { "\(path)/study.json" }
  var results: String { "\(path)/results.json" }
  var report: String { "\(path)/report/index.html" }

  func activations(_ name: String) -> String { "\(path)/activations/\(name)" }
  func autoencoder(_ plan: AutoencoderPlan) -> String { "\(path)/saes/\(plan.name)" }
  /// Why an autoencoder's training failed.
  func failure(_ plan: AutoencoderPlan) -> String { "\(path)/failures/\(plan.name).json" }
  /// The warnings of an autoencoder whose training ended without an error.
  func warnings(_ plan: AutoencoderPlan) -> String { "\(path)/warnings/\(plan.name).json" }
  func log(_ plan: AutoencoderPlan) -> String { "\(path)/logs/\(plan.name).csv" }
  /// Of the pass in which autoencoders are being trained.
  func checkpoints() throws -> CheckpointFolder {
    try CheckpointFolder("\(path)/checkpoints", keeping: 1)
  }
  /// The answers of a judge.
  var answers: String { "\(path)/judge/answers.jsonl" }
  func measurement(_ plan: AutoencoderPlan) -> String { "\(path)/measurements/\(plan.name).json" }

  /// Throws if a study cannot live in a directory: something else is there, or another process has it.
  /// Nothing is made.
  ///
  /// - Throws: ``StudyError`` that names the content.
  static func check(_ path: String, _ configuration: StudyConfiguration) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let lock = try DestinationLock(directory: path)
    defer { withExtendedLifetime(lock) {} }
    try checkContents(path, configuration)
  }

  private static func checkContents(_ path: String, _ configuration: StudyConfiguration) throws {
    let names = try FileName.list(path) { $0 != Array(DestinationLock.name.utf8) }
    if names.contains("study.json") {
      let found = try StudyConfiguration(file: "\(path)/study.json")
      guard found.asksForTheSame(as: configuration) else {
        throw StudyError(
          path, expected: "an empty directory, or a study with these settings",
          found: "one that differs in \(found.differences(from: configuration)); name another "
            + "--out, or remove the directory")
      }
    } else if let first = names.first {
      let others = names.count > 1 ? " and \(names.count - 1) more" : ""
      throw StudyError(
        path, expected: "an empty directory, or that of a study",
        found: "\(FileName.quoted(Array(first.utf8)))\(others); name another --out")
    }
  }

  /// Makes the directory, or takes one that a study with the same configuration has begun.
  ///
  /// - Throws: ``StudyError`` if something else is there, or it cannot be made; that another process
  ///   has it.
  init(_ path: String, _ configuration: StudyConfiguration) throws {
    self.path = path
    let manager = FileManager.default
    lock = try DestinationLock(directory: path)
    try StudyFolder.checkContents(path, configuration)
    do {
      try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
      // First of all: a directory with anything else in it is not taken for a study's.
      try StudyJSON.write(configuration, to: self.configuration)
      for folder in ["saes", "failures", "warnings", "logs", "measurements", "report"] {
        try manager.createDirectory(
          atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
      }
    } catch {
      throw StudyError(path, expected: "a directory that may be written", found: "\(error)")
    }
  }

  func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}

extension StudyConfiguration {
  /// Whether a study with the other settings trains and measures the same: how many autoencoders are
  /// trained at a time does not matter, and a judge may be asked later.
  func asksForTheSame(as other: StudyConfiguration) -> Bool {
    var copy = other
    copy.atATime = atATime
    copy.allowMismatch = allowMismatch
    copy.judge = judge
    copy.judgeLatents = judgeLatents
    copy.judgeSeconds = judgeSeconds
    return self == copy
  }

  /// The names of the options that differ, for a message.
  func differences(from other: StudyConfiguration) -> String {
    settings(unlike: other).map { "--\($0)" }.joined(separator: ", ")
  }
}
