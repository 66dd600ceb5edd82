import Foundation
public import SAECore

/// Writes harvested activations as safetensors shards of equal length, and goes on where a harvest
/// ended before, killed or not: the shards are the same, byte for byte, however often it was begun.
///
/// Shard i is `activations-0000i.safetensors` with the tensor `activations`, tokens × width; it
/// appears when it is complete. Its metadata record its origin. A shard that is there is kept if it was
/// made with the settings in force.
public struct HarvestShards: Sendable {
  /// Where the activations come from.
  public let harvester: ActivationHarvester
  /// Where the shards are; made if it is not there.
  public let directory: String
  /// Rows of a shard; the last may have fewer.
  public let tokensPerShard: Int
  /// `f16` or `f32`.
  public let type: ElementType
  /// The program that writes, for the metadata.
  public let producer: String
  /// ``LanguageModels/fingerprint(_:)`` of the model, for the metadata; nil leaves it out.
  public let fingerprint: String?

  static let tensor = "activations"

  /// How far a harvest has come.
  public struct Progress: Sendable, Equatable {
    /// Rows that are in shards or in the one being written.
    public let tokens: Int
    /// Rows that were there before.
    public let kept: Int
    /// Rows of the whole harvest.
    public let total: Int
  }

  /// - Throws: ``ModelError/invalidOption(name:expected:found:)``.
  public init(
    _ harvester: ActivationHarvester, directory: String, tokensPerShard: Int = 1 << 20,
    type: ElementType = .f16, producer: String, fingerprint: String? = nil
  ) throws(ModelError) {
    guard tokensPerShard > 0 else {
      throw .invalidOption(
        name: "tokensPerShard", expected: "at least 1", found: "\(tokensPerShard)")
    }
    guard type == .f16 || type == .f32 else {
      throw .invalidOption(name: "type", expected: "F16 or F32", found: "\(type)")
    }
    self.harvester = harvester
    self.directory = directory
    self.tokensPerShard = min(tokensPerShard, max(1, harvester.tokens))
    self.type = type
    self.producer = producer
    self.fingerprint = fingerprint
  }

  /// Shards of the whole harvest.
  public var count: Int { (harvester.tokens + tokensPerShard - 1) / tokensPerShard }

  func path(_ shard: Int) -> String {
    "\(directory)/" + String(format: "activations-%05d.safetensors", shard)
  }

  func rows(_ shard: Int) -> Range<Int> {
    shard * tokensPerShard..<min((shard + 1) * tokensPerShard, harvester.tokens)
  }

  /// The shards that are there.
  private var present: [Int] {
    (0..<count).filter { FileManager.default.fileExists(atPath: path($0)) }
  }

  /// The origins of the harvest and of the shards that are there.
  ///
  /// - Throws: `FileError` if a shard cannot be read.
  public func origins() throws -> OriginCheck {
    var origins = OriginCheck()
    origins.add("the harvest of \(harvester.model.name)", harvester.origin(weights: fingerprint))
    for shard in present { origins.add(path(shard), try ActivationOrigin(file: path(shard))) }
    return origins
  }

  /// Writes all shards that are not there yet.
  ///
  /// - Parameters:
  ///   - allowsMismatch: whether shards of another model, place or protocol stay beside new ones.
  ///   - progress: called after every batch.
  /// - Throws: before anything is written, `OptionError` or
  ///   ``ModelError/shardDiffers(file:field:expected:found:)`` if a shard was made with other settings;
  ///   `FileError` if the directory holds anything else, another process writes there, or the
  ///   disk refuses.
  public func write(
    allowsMismatch: Bool = false, progress: (Progress) throws -> Void = { _ in }
  ) throws {
    try HarvestShards.write([self], allowsMismatch: allowsMismatch, progress: progress)
  }

  /// Writes the shards of several places of one model in one run, each place into its directory.
  ///
  /// - Parameters:
  ///   - all: of one model, one stream of tokens and equal options, but for the places and directories.
  ///   - allowsMismatch: whether shards of another model, place or protocol stay beside new ones.
  ///   - progress: called after every batch; rows count where they are there for all places.
  /// - Throws: as for one place.
  /// - Precondition: there is one at least, and they have the same number of rows in each shard.
  public static func write(
    _ all: [HarvestShards], allowsMismatch: Bool = false,
    progress: (Progress) throws -> Void = { _ in }
  ) throws {
    let first = all[0]
    precondition(
      all.allSatisfy {
        $0.count == first.count && $0.tokensPerShard == first.tokensPerShard
          && $0.harvester.tokens == first.harvester.tokens
          && $0.harvester.options == first.harvester.options
      }, "harvests of one run share their tokens and options")
    let locks = try all.map { try DestinationLock(directory: $0.directory) }
    defer { withExtendedLifetime(locks) {} }
    let present = all.map(\.present)
    for (shards, present) in zip(all, present) {
      if !allowsMismatch { try shards.origins().check() }
      for shard in present { try shards.check(shard) }
      try shards.checkHoldsNothingElse()
    }
    func missing(_ shard: Int) -> [Int] { all.indices.filter { !present[$0].contains(shard) } }
    let kept = (0..<first.count).reduce(0) {
      missing($1).isEmpty ? $0 + first.rows($1).count : $0
    }
    var tokens = kept
    for shard in 0..<first.count {
      let open = missing(shard)
      guard !open.isEmpty else { continue }
      let writers = try open.map { try ShardWriter(all[$0], shard) }
      for batch in first.batches(first.rows(shard)) {
        let activations = try first.harvester.matrices(
          rows: [batch], at: open.map { all[$0].harvester.hook })
        for (place, index) in open.enumerated() {
          try all[index].check(activations[place], from: batch.lowerBound)
          try writers[place].append(activations[place])
        }
        tokens += batch.count
        try progress(Progress(tokens: tokens, kept: kept, total: first.harvester.tokens))
      }
      for writer in writers { try writer.finish() }
    }
  }

  /// A reader of the directory's files would take any file besides the shards for some of the
  /// activations.
  private func checkHoldsNothingElse() throws {
    let shards = Set((0..<count).map { String(path($0).dropFirst(directory.count + 1)) })
    let foreign = try FileName.list(directory).first { name in
      !name.hasPrefix(".") && !shards.contains(name)
    }
    guard let foreign else { return }
    throw FileError.notReplaceable(
      file: directory, expected: "nothing but the \(count) shards of this harvest",
      found: "\"\(foreign)\"")
  }

  /// Ranges of whole pieces, so that pieces are run twice only where shards meet.
  private func batches(_ rows: Range<Int>) -> [Range<Int>] {
    let pieces = harvester.blocks.within(rows)
    let size = harvester.options.sequencesPerBatch
    return stride(from: 0, to: pieces.count, by: size).map { first in
      pieces[first].lowerBound..<pieces[min(first + size, pieces.count) - 1].upperBound
    }
  }

  /// The origin of a shard and its settings; equal for a shard that can be kept, except for the producer.
  func metadata(_ shard: Int) throws -> [String: String] {
    let pieces = harvester.pieces
    var metadata = [
      "tokens": pieces.stream.name.split(separator: "/").last.map(String.init) ?? "tokens",
      "stream_tokens": "\(pieces.stream.count)",
      "total_rows": "\(harvester.tokens)", "first_row": "\(rows(shard).lowerBound)",
      "tokens_hash": String(try pieces.hash(ofPieces: pieces.pieces(of: rows(shard))), radix: 16),
      "producer": producer,
    ]
    if !pieces.skippedTokens.isEmpty {
      metadata["skipped_tokens"] =
        pieces.skippedTokens.sorted().map { "\($0)" }.joined(separator: ",")
    }
    var origin = harvester.origin(weights: fingerprint)
    // Shards hold the model's own activations, which needs no note.
    origin.normalization = nil
    return metadata.merging(origin.metadata) { own, _ in own }
  }

  /// A number that the type of the shards cannot hold would be read back as infinity.
  private func check(_ activations: Matrix, from first: Int) throws(ModelError) {
    let limit = type == .f16 ? HarvestShards.largestHalf : .greatestFiniteMagnitude
    for row in 0..<activations.rows {
      let values = activations.row(row)
      for column in values.indices where !(abs(values[column]) <= limit) {
        throw .notStorable(
          hook: harvester.hook.name, row: first + row, expected: "at most \(limit) (\(type))",
          found: "\(values[column])")
      }
    }
  }

  /// The largest finite number of type F16.
  private static let largestHalf: Float = 65504

  private func check(_ shard: Int) throws {
    let file = try SafetensorsFile(path(shard))
    let tensor = try file.tensor(HarvestShards.tensor)
    guard tensor.shape == [rows(shard).count, harvester.width] else {
      throw ModelError.shardDiffers(
        file: path(shard), field: "shape",
        expected: "\([rows(shard).count, harvester.width])", found: "\(tensor.shape)")
    }
    guard tensor.type == type else {
      throw ModelError.shardDiffers(
        file: path(shard), field: "type", expected: "\(type)", found: "\(tensor.type)")
    }
    let expected = try metadata(shard)
    for field in Set(expected.keys).union(file.metadata.keys).sorted()
    where !ActivationOrigin.metadataNames.contains(field) && field != "producer" {
      let found = file.metadata[field]
      guard found == expected[field] else {
        throw ModelError.shardDiffers(
          file: path(shard), field: field, expected: expected[field] ?? "none",
          found: found ?? "none")
      }
    }
  }

  /// The fields that may differ between the shards of a harvest.
  private static let perShard: Set = ["first_row", "tokens_hash", "producer"]

  /// The activations in a directory's shards, in order.
  ///
  /// - Throws: `OptionError` or ``ModelError/shardDiffers(file:field:expected:found:)`` if they are
  ///   not of one harvest or one is missing, `FileError` if one is malformed.
  public static func open(_ directory: String) throws -> ConcatenatedActivations {
    let names = try FileManager.default.contentsOfDirectory(atPath: directory)
      .filter { $0.hasPrefix("activations-") && $0.hasSuffix(".safetensors") }.sorted()
    var sources: [StoredTensor] = []
    var next = 0
    var first: [String: String]?
    var origins = OriginCheck()
    for name in names {
      let file = try SafetensorsFile("\(directory)/\(name)")
      func differs(_ field: String, _ expected: String) -> ModelError {
        .shardDiffers(
          file: file.path, field: field, expected: expected, found: file.metadata[field] ?? "none")
      }
      origins.add(file.path, ActivationOrigin(metadata: file.metadata))
      let settings = file.metadata.filter {
        !perShard.contains($0.key) && !ActivationOrigin.metadataNames.contains($0.key)
      }
      let reference = first ?? settings
      first = reference
      for (field, expected) in reference.sorted(by: { $0.key < $1.key })
      where settings[field] != expected {
        throw differs(field, expected)
      }
      guard file.metadata["first_row"] == "\(next)" else { throw differs("first_row", "\(next)") }
      let tensor = try file.tensor(tensor)
      next += tensor.rows
      sources.append(tensor)
    }
    try origins.check()
    if let total = first?["total_rows"], total != "\(next)" {
      throw ModelError.shardDiffers(
        file: directory, field: "total_rows", expected: total, found: "\(next)")
    }
    return try ConcatenatedActivations(sources)
  }
}

/// Writes one shard: a reference, as a list of writers needs.
private final class ShardWriter {
  private var writer: SafetensorsWriter?

  init(_ shards: HarvestShards, _ shard: Int) throws {
    writer = try SafetensorsWriter(
      shards.path(shard),
      [
        TensorDeclaration(
          HarvestShards.tensor, shards.type, [shards.rows(shard).count, shards.harvester.width])
      ], metadata: try shards.metadata(shard))
  }

  func append(_ activations: Matrix) throws {
    try writer?.append(activations, to: HarvestShards.tensor)
  }

  func finish() throws { try writer.take()?.finish() }
}
