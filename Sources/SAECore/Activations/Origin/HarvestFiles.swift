/// Files of activations as parts of harvests: whether all rows are there, and whether row i belongs to
/// token i. Metadata of harvested shards tell it; other files do not.
public struct HarvestFiles: Sendable {
  /// Every file, in the order in which rows are read.
  public let parts: [Part]

  /// A file with its rows.
  public struct Part: Sendable, Equatable {
    /// Its path.
    public let file: String
    /// Rows of the file.
    public let rows: Int
    /// What it is a part of; nil where it does not say.
    public let harvest: Harvest?
    /// The row of the harvest that it begins with.
    public let firstRow: Int
    /// FNV-1a of the tokens of the sequences that its rows lie in.
    public let tokensHash: String?
    /// Where in the model its rows are from.
    let hook: HookName?

    /// The rows of a harvest that two files both have; nil if there is none, as far as they tell.
    func common(with other: Part) -> Range<Int>? {
      let (own, others) = (firstRow..<firstRow + rows, other.firstRow..<other.firstRow + other.rows)
      let both = own.clamped(to: others)
      // Ranges first: there may be many files.
      guard !both.isEmpty, let harvest, harvest == other.harvest else { return nil }
      if let hook, let place = other.hook, !hook.agrees(with: place) { return nil }
      if own == others, let tokensHash, let hash = other.tokensHash, tokensHash != hash {
        return nil
      }
      return both
    }
  }

  /// What the shards of a harvest have in common.
  public struct Harvest: Sendable, Equatable {
    /// All of it.
    public let totalRows: Int
    /// Tokens that the model ran on.
    public let streamTokens: Int?
    /// Tokens in a sequence.
    public let context: Int?
    /// Whether there are rows that belong to no token of the stream.
    public let keepsPrefix: Bool
    /// Ids of the tokens that have no rows, with commas; nil for none.
    public let skippedTokens: String?
    /// Weights, the file of tokens and what else shards share.
    let metadata: [String: String]
  }

  /// What may differ between the shards of a harvest, such as the model's directory and the form of the
  /// place's name.
  private static let perShard: Set = ["first_row", "tokens_hash", "producer", "model", "hook"]

  /// Opens files, or the files of folders.
  ///
  /// - Parameters:
  ///   - paths: files, or folders of them.
  ///   - tensor: as ``ActivationFiles/open(_:tensor:)`` takes it.
  /// - Throws: ``FileError`` if a file is missing or not one of activations.
  public init(_ paths: [String], tensor: String? = nil) throws(FileError) {
    var parts: [Part] = []
    for path in paths {
      for file in try ActivationFiles.list(path) {
        let rows = try ActivationFiles.open(file, tensor: tensor).rows
        var metadata: [String: String] = [:]
        if case .safetensors(let contents) = try TensorFile(file) { metadata = contents.metadata }
        parts.append(Part(file, rows: rows, metadata))
      }
    }
    self.parts = parts
  }

  /// Runs of neighboring files of one harvest, or single files that are of none.
  public var runs: [ArraySlice<Part>] {
    var runs: [ArraySlice<Part>] = []
    for index in parts.indices {
      if let last = runs.last, let harvest = parts[index].harvest,
        last.last?.harvest == harvest
      {
        runs[runs.count - 1] = parts[last.startIndex...index]
      } else {
        runs.append(parts[index...index])
      }
    }
    return runs
  }

  /// For each harvest of which rows are missing, a line that says which.
  public var missingRows: [String] {
    runs.compactMap { run in
      guard let harvest = run.first?.harvest else { return nil }
      var missing: [Range<Int>] = []
      var next = 0
      for part in run.sorted(by: { $0.firstRow < $1.firstRow }) {
        if part.firstRow > next { missing.append(next..<part.firstRow) }
        next = max(next, part.firstRow + part.rows)
      }
      if next < harvest.totalRows { missing.append(next..<harvest.totalRows) }
      guard !missing.isEmpty else { return nil }
      let count = missing.reduce(0) { $0 + $1.count }
      let ranges = missing.prefix(3).map { "\($0.lowerBound) to \($0.upperBound - 1)" }
      return
        "\(HarvestFiles.name(run)): expected all \(harvest.totalRows) rows of the harvest, found "
        + "none of \(count) (rows \(ranges.joined(separator: ", "))\(missing.count > 3 ? ", …" : ""))"
    }
  }

  /// Throws where two files have rows of a harvest in common, which would count twice.
  ///
  /// - Throws: ``FileError`` that names both.
  public func checkRowsOccurOnce() throws(FileError) {
    for index in parts.indices {
      for before in parts[..<index] {
        guard let rows = parts[index].common(with: before) else { continue }
        throw .wrongContents(
          file: parts[index].file, expected: "rows of its own",
          found: "rows \(rows.lowerBound) to \(rows.upperBound - 1) of the harvest, which are in "
            + "\(before.file) as well; leave one of them out")
      }
    }
  }

  /// The first thing that keeps rows from belonging to tokens, row i to token i; nil if nothing does as
  /// far as files tell.
  public var misalignment: String? {
    for run in runs {
      guard let harvest = run.first?.harvest else { continue }
      let name = HarvestFiles.name(run)
      guard !harvest.keepsPrefix else {
        return "\(name): expected a row for each token, found rows of prefixes as well"
      }
      if let skipped = harvest.skippedTokens {
        return "\(name): expected a row for each token, found none for the tokens \(skipped)"
      }
      var next = 0
      for part in run {
        guard part.firstRow == next else {
          return missingRows.first
            ?? "\(part.file): expected row \(next) of the harvest, found row \(part.firstRow)"
        }
        next += part.rows
      }
    }
    return missingRows.first
  }

  /// The file, or the folder of several.
  private static func name(_ run: ArraySlice<Part>) -> String {
    guard run.count > 1, let file = run.first?.file else { return run.first?.file ?? "" }
    return Path.split(file).folder
  }
}

extension HarvestFiles.Part {
  fileprivate init(_ file: String, rows: Int, _ metadata: [String: String]) {
    self.file = file
    self.rows = rows
    tokensHash = metadata["tokens_hash"]
    hook = metadata["hook"].map { HookName($0) }
    func number(_ name: String) -> Int? {
      metadata[name].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
    guard let total = number("total_rows"), let first = number("first_row"), first <= total,
      rows <= total - first
    else {
      harvest = nil
      firstRow = 0
      return
    }
    firstRow = first
    harvest = HarvestFiles.Harvest(
      totalRows: total, streamTokens: number("stream_tokens"), context: number("context"),
      keepsPrefix: metadata["prefix_activations"] == "kept" && metadata["prefix"] != "none",
      skippedTokens: metadata["skipped_tokens"],
      metadata: metadata.filter { !HarvestFiles.perShard.contains($0.key) })
  }
}
