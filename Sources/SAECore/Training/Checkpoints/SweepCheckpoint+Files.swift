import Foundation

/// On disk a sweep's checkpoint is a directory: `sweep.json`, and a ``TrainingCheckpoint`` for each
/// member, `member-0` and so on.
extension SweepCheckpoint {
  static let header = "sweep.json"

  static func member(_ index: Int) -> String { "member-\(index)" }

  /// What is in `sweep.json`.
  private struct Header: CheckpointHeader {
    static let format = "swift-sae sweep checkpoint"

    var format: String = Self.format
    var version: Int = Self.version
    var step: Int
    /// How many there are.
    var members: Int
    var failures: [Failure]
    var headerCrc32: UInt32?
    var metadata: [String: String]
  }

  /// A ``TrainingError`` of a member.
  private struct Failure: Codable {
    var member: Int
    var step: Int?
    var term: String?
    var shape: Shape?
    var divergence: Divergence?

    struct Divergence: Codable {
      var since: Int
      var error: Double
      var bound: Double
      var learningRate: Double
    }

    struct Shape: Codable {
      var subject: String
      var dimension: String
      var expected: Int
      var found: Int
    }

    init(_ error: TrainingError, of member: Int) {
      self.member = member
      switch error {
      case .notFinite(let step, let term): (self.step, self.term) = (step, term)
      case .diverged(let step, let since, let error, let bound, let learningRate):
        self.step = step
        divergence = Divergence(
          // JSON has no word for infinity.
          since: since, error: min(error, .greatestFiniteMagnitude), bound: bound,
          learningRate: learningRate)
      case .shape(let error):
        shape = Shape(
          subject: error.subject, dimension: error.dimension, expected: error.expected,
          found: error.found)
      }
    }

    var error: TrainingError? {
      if let shape {
        return .shape(
          ShapeError(
            shape.subject, shape.dimension, expected: shape.expected, found: shape.found))
      }
      if let step, let divergence {
        return .diverged(
          step: step, since: divergence.since, error: divergence.error, bound: divergence.bound,
          learningRate: divergence.learningRate)
      }
      guard let step, let term else { return nil }
      return .notFinite(step: step, term: term)
    }
  }

  /// Writes the checkpoint as a new directory, which appears when it is complete and on the disk.
  ///
  /// - Parameters:
  ///   - path: the checkpoint's directory.
  ///   - replacing: whether a checkpoint of that name gives way; it stays until then.
  /// - Throws: ``FileError`` if something is there and stays, or the disk refuses.
  public func write(to path: String, replacing: Bool = false) throws(FileError) {
    let directory = try AtomicDirectory(path)
    do {
      for (index, member) in members.enumerated() {
        try member.write(to: directory.file(SweepCheckpoint.member(index)))
      }
      let header = Header(
        step: step, members: members.count,
        failures: failures.enumerated().compactMap { index, error in
          error.map { Failure($0, of: index) }
        }, metadata: metadata)
      let file = directory.file(SweepCheckpoint.header)
      try AtomicFile.write(
        try header.encoded(number: ("step", Double(step)), file: file), to: file)
    } catch {
      throw error.naming(path, insteadOf: directory.temporary)
    }
    try directory.finish(replacing: replacing ? .sweepCheckpoint : nil)
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: ``FileError`` if there is none, or it is not as it was written.
  public init(contentsOf path: String) throws(FileError) {
    let file = "\(path)/\(SweepCheckpoint.header)"
    let header = try Header(contentsOf: file)
    guard header.members >= 0 else {
      throw .invalidSetting(
        file: file, setting: "members", expected: "0 or more", found: "\(header.members)")
    }
    // One after another: a count that is too large ends with the first that is not there.
    var members: [TrainingCheckpoint] = []
    while members.count < header.members {
      members.append(
        try TrainingCheckpoint(contentsOf: "\(path)/\(SweepCheckpoint.member(members.count))"))
    }
    var failures = [TrainingError?](repeating: nil, count: members.count)
    for failure in header.failures {
      guard failures.indices.contains(failure.member), let error = failure.error else {
        throw .invalidSetting(
          file: file, setting: "failures", expected: "errors of \(members.count) members",
          found: "one of member \(failure.member)")
      }
      failures[failure.member] = error
    }
    self.init(
      step: header.step, members: members, failures: failures, metadata: header.metadata,
      name: path)
  }
}
