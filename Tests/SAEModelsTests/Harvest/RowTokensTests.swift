import Foundation
import SAECore
import SAEModels
import Testing

/// What files of a harvest tell of rows that are missing, and of the tokens that rows belong to.
struct RowTokensTests {
  let checkpoint: RandomCheckpoint
  let tokens = Gemma2Tests.tokens(103, below: 37, seed: 4)

  init() throws { checkpoint = try RandomCheckpoint() }

  /// Shards of 25 rows, the last of 3.
  private func harvest(
    _ name: String = "shards", _ edit: (inout PieceOptions) -> Void = { _ in }
  ) throws -> String {
    var options = PieceOptions(context: 10)
    edit(&options)
    let harvester = try ActivationHarvester(
      LanguageModels.load(checkpoint.directory), at: .residPost(1), tokens: TokenStream(tokens),
      options: options)
    try HarvestShards(
      harvester, directory: checkpoint.file(name), tokensPerShard: 25, type: .f32,
      producer: "tests"
    ).write()
    return checkpoint.file(name)
  }

  private func shard(_ folder: String, _ index: Int) -> String {
    "\(folder)/activations-0000\(index).safetensors"
  }

  @Test func aWholeHarvest() throws {
    let folder = try harvest()
    for paths in [[folder], (0..<5).map { shard(folder, $0) }] {
      let files = try HarvestFiles(paths)
      #expect(files.missingRows.isEmpty && files.misalignment == nil && files.runs.count == 1)
      let rows = try RowTokens(files, tokens: [TokenStream(tokens)])
      #expect(rows.count == 103)
      #expect(try rows.ids(20..<60) == Array(tokens[20..<60]))
    }
  }

  /// In the middle or at the end, of a folder or of files.
  @Test(arguments: [([2], "50 to 74"), ([4], "100 to 102"), ([0, 3], "0 to 24, 75 to 99")])
  func missingShards(_ missing: [Int], _ ranges: String) throws {
    let folder = try harvest()
    for index in missing { try FileManager.default.removeItem(atPath: shard(folder, index)) }
    let some = (0..<5).filter { !missing.contains($0) }.map { shard(folder, $0) }
    for paths in [[folder], some] {
      let files = try HarvestFiles(paths)
      let line = try #require(files.missingRows.first)
      #expect(
        line.hasPrefix("\(folder): expected all 103 rows") && line.contains("(rows \(ranges))"))
      #expect(files.misalignment != nil)
      #expect(throws: ModelError.self) {
        try RowTokens(files, tokens: [TokenStream(tokens)])
      }
    }
  }

  @Test func filesInAnotherOrder() throws {
    let folder = try harvest()
    let files = try HarvestFiles([1, 0, 2, 3, 4].map { shard(folder, $0) })
    #expect(files.missingRows.isEmpty)
    #expect(files.misalignment?.contains("expected row 0 of the harvest, found row 25") == true)
    let twice = try HarvestFiles([0, 0, 1, 2, 3, 4].map { shard(folder, $0) })
    #expect(twice.missingRows.isEmpty && twice.misalignment != nil)
    #expect(throws: FileError.self) { try twice.checkRowsOccurOnce() }
    #expect(throws: Never.self) { try files.checkRowsOccurOnce() }
  }

  /// By another name, beside others, and as part of another harvest of the same rows.
  @Test func rowsThatOccurTwice() throws {
    let folder = try harvest()
    let copy = "\(folder)/z.safetensors"
    try FileManager.default.copyItem(atPath: shard(folder, 1), toPath: copy)
    do {
      try HarvestFiles([folder]).checkRowsOccurOnce()
      Issue.record("expected an error")
    } catch {
      let text = error.description
      #expect(text.hasPrefix("\(copy): expected rows of its own, found rows 25 to 49"), "\(text)")
      #expect(text.contains(shard(folder, 1)), "\(text)")
    }
    try FileManager.default.removeItem(atPath: copy)
    let again = try harvest("again")
    #expect(throws: FileError.self) {
      try HarvestFiles([folder, shard(again, 3)]).checkRowsOccurOnce()
    }
    let other = try harvest("other") { $0.context = 20 }
    #expect(throws: Never.self) { try HarvestFiles([folder, other]).checkRowsOccurOnce() }
  }

  @Test func rowsThatBelongToNoTokenOrNotToAll() throws {
    let kept = try HarvestFiles([try harvest("kept") { $0.keepsPrefix = true }])
    #expect(kept.missingRows.isEmpty && kept.misalignment?.contains("prefixes") == true)
    let skipped = try HarvestFiles([
      try harvest("skipped") { $0.skippedTokens = [tokens[3], tokens[4]] }
    ])
    #expect(skipped.missingRows.isEmpty)
    #expect(skipped.misalignment?.contains("none for the tokens") == true)
    // Without a prefix there is nothing that could be kept.
    let bare = try HarvestFiles([
      try harvest("bare") {
        $0.keepsPrefix = true
        $0.prefix = .none
      }
    ])
    #expect(bare.misalignment == nil)
  }

  @Test func tokensOfSomethingElse() throws {
    let files = try HarvestFiles([try harvest()])
    var others = tokens
    others[60] = (others[60] + 1) % 37
    #expect(throws: ModelError.self) { try RowTokens(files, tokens: [TokenStream(others)]) }
    #expect(throws: ModelError.self) {
      try RowTokens(files, tokens: [TokenStream(Array(tokens.dropLast()))])
    }
    // More of them, and in several files.
    let parts = [Array(tokens[..<33]), Array(tokens[33...]) + [1, 2, 3]].map { TokenStream($0) }
    let rows = try RowTokens(files, tokens: parts)
    #expect(try rows.ids(0..<103) == tokens)
    #expect(try rows.ids(30..<36) == Array(tokens[30..<36]))
  }

  @Test func rowsWithoutSomeTokens() throws {
    let rows = try RowTokens(HarvestFiles([try harvest()]), tokens: [TokenStream(tokens)])
    let skipped: Set<UInt32> = [tokens[0], tokens[50]]
    let kept = try rows.rows(without: skipped)
    #expect(kept.flatMap { $0 } == tokens.indices.filter { !skipped.contains(tokens[$0]) })
    #expect(zip(kept, kept.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
    #expect(throws: ModelError.self) { try rows.rows(without: Set(tokens)) }
  }

  /// Files that say nothing are taken as they are.
  @Test func filesOfNoHarvest() throws {
    let path = checkpoint.file("plain.safetensors")
    var writer = try SafetensorsWriter(path, [TensorDeclaration("x", .f32, [103, 2])])
    try writer.append(Matrix(rows: 103, columns: 2), to: "x")
    try writer.finish()
    let files = try HarvestFiles([path])
    #expect(files.missingRows.isEmpty && files.misalignment == nil)
    #expect(try RowTokens(files, tokens: [TokenStream(tokens)]).count == 103)
  }
}
