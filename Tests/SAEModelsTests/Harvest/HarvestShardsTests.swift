import Foundation
import SAECore
import Testing

@testable import SAEModels

struct HarvestShardsTests {
  let checkpoint: RandomCheckpoint
  let harvester: ActivationHarvester

  init() throws {
    checkpoint = try RandomCheckpoint()
    harvester = try ActivationHarvester(
      LanguageModels.load(checkpoint.directory), at: .residPost(1),
      tokens: TokenStream(Gemma2Tests.tokens(103, below: 37, seed: 4)),
      options: PieceOptions(context: 10, sequencesPerBatch: 2))
  }

  var directory: String { checkpoint.file("shards") }

  func shards(
    _ tokensPerShard: Int = 25, type: ElementType = .f32, of other: ActivationHarvester? = nil
  ) throws -> HarvestShards {
    try HarvestShards(
      other ?? harvester, directory: directory, tokensPerShard: tokensPerShard, type: type,
      producer: "tests")
  }

  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
  }

  /// Several places in one run: the shards of each are those of a run of its own, byte for byte.
  @Test func severalPlacesInOneRun() throws {
    let model = harvester.model
    let hooks = [HookPoint.residPost(1), HookPoint(.hidden, layer: 0)]
    func shards(_ hook: HookPoint, _ name: String) throws -> HarvestShards {
      try HarvestShards(
        ActivationHarvester(
          model, at: hook, tokens: TokenStream(Gemma2Tests.tokens(103, below: 37, seed: 4)),
          options: harvester.options),
        directory: "\(directory)-\(name)", tokensPerShard: 30, producer: "test")
    }
    defer {
      for name in ["a0", "a1", "b0", "b1"] {
        try? FileManager.default.removeItem(atPath: "\(directory)-\(name)")
      }
    }
    let alone = try hooks.enumerated().map { try shards($1, "a\($0)") }
    for one in alone { try one.write() }
    let together = try hooks.enumerated().map { try shards($1, "b\($0)") }
    // One of the places has begun before.
    try together[1].write()
    try FileManager.default.removeItem(atPath: together[1].path(0))
    try HarvestShards.write(together)
    for (one, other) in zip(alone, together) {
      for shard in 0..<one.count {
        #expect(
          FileManager.default.contentsEqual(
            atPath: one.path(shard), andPath: other.path(shard)))
      }
    }
    #expect(try HarvestShards.open(together[1].directory).width == 40)
  }

  @Test func shardsHoldEveryRow() throws {
    var progress: [HarvestShards.Progress] = []
    try shards().write { progress.append($0) }
    #expect(try names() == (0..<5).map { "activations-0000\($0).safetensors" })
    #expect(progress.last == HarvestShards.Progress(tokens: 103, kept: 0, total: 103))
    let stored = try HarvestShards.open(directory)
    #expect(stored.tokens == 103 && stored.width == 24)
    #expect(try stored.matrix(rows: 0..<103) == harvester.matrix(rows: 0..<103))
    let file = try SafetensorsFile("\(directory)/activations-00002.safetensors")
    #expect(file.metadata["hook"] == "blocks.1.hook_resid_post")
    #expect(file.metadata["context"] == "10")
    #expect(file.metadata["prefix"] == "1")
    #expect(file.metadata["first_row"] == "50")
    #expect(file.metadata["producer"] == "tests")
  }

  @Test func shardsOfOtherWeightsAreRefused() throws {
    let fingerprint = try LanguageModels.fingerprint(checkpoint.directory)
    #expect(fingerprint.utf8.count == 8)
    func shards(_ fingerprint: String) throws -> HarvestShards {
      try HarvestShards(
        harvester, directory: directory, tokensPerShard: 25, type: .f32, producer: "tests",
        fingerprint: fingerprint)
    }
    try shards(fingerprint).write()
    let path = "\(directory)/activations-00002.safetensors"
    #expect(try SafetensorsFile(path).metadata["weights_crc32"] == fingerprint)
    try FileManager.default.removeItem(atPath: path)
    // A byte of the weights is another one.
    let weights = "\(checkpoint.directory)/model.safetensors"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: weights))
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: URL(fileURLWithPath: weights))
    let other = try LanguageModels.fingerprint(checkpoint.directory)
    #expect(other != fingerprint)
    let mismatch = try #require(throws: OptionError.self) { try shards(other).write() }
    #expect(mismatch.option == "\(directory)/activations-00000.safetensors")
    #expect(mismatch.expected.hasPrefix("activations of weights \(other), as "))
    #expect(mismatch.found == fingerprint)
    #expect(!FileManager.default.fileExists(atPath: path))
    try shards(fingerprint).write()
    #expect(FileManager.default.fileExists(atPath: path))
  }

  @Test func goesOnAtAMissingShard() throws {
    try shards().write()
    let before = try Data(
      contentsOf: URL(fileURLWithPath: "\(directory)/activations-00003.safetensors"))
    let kept = URL(fileURLWithPath: "\(directory)/activations-00000.safetensors")
    let written = try FileManager.default.attributesOfItem(atPath: kept.path)[.systemFileNumber]
    for shard in 3..<5 {
      try FileManager.default.removeItem(
        atPath: "\(directory)/activations-0000\(shard).safetensors")
    }
    var progress: [HarvestShards.Progress] = []
    try shards().write { progress.append($0) }
    #expect(progress.first?.kept == 75)
    #expect(progress.last == HarvestShards.Progress(tokens: 103, kept: 75, total: 103))
    let after = try Data(
      contentsOf: URL(fileURLWithPath: "\(directory)/activations-00003.safetensors"))
    #expect(before == after)
    let still = try FileManager.default.attributesOfItem(atPath: kept.path)[.systemFileNumber]
    #expect(written as? Int == still as? Int)
  }

  /// What throws in the middle of a shard leaves whole shards and nothing else.
  @Test func interruptedHarvest() throws {
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try shards().write { if $0.tokens > 60 { throw Stop() } }
    }
    #expect(try names() == (0..<2).map { "activations-0000\($0).safetensors" })
    try shards().write()
    #expect(
      try HarvestShards.open(directory).matrix(rows: 0..<103)
        == harvester.matrix(rows: 0..<103))
  }

  @Test func halfPrecision() throws {
    try shards(type: .f16).write()
    let found = try HarvestShards.open(directory).matrix(rows: 0..<103)
    let error = relativeError(found.array, try harvester.matrix(rows: 0..<103).array)
    #expect(error > 0 && error < 0x1p-11)
  }

  @Test func refusesShardsOfAnotherHarvest() throws {
    try shards().write()
    func differs(_ field: String, _ shards: HarvestShards) {
      do {
        try shards.write()
        Issue.record("accepted shards with another \(field)")
      } catch ModelError.shardDiffers(_, let found, _, _) {
        #expect(found == field)
      } catch {
        Issue.record(error)
      }
    }
    try differs("shape", shards(20))
    try differs("type", shards(type: .f16))
    let other = try ActivationHarvester(
      harvester.model, at: .residPost(0),
      tokens: TokenStream(Gemma2Tests.tokens(103, below: 37, seed: 4)),
      options: PieceOptions(context: 10))
    let mismatch = try #require(throws: OptionError.self) { try shards(of: other).write() }
    #expect(
      mismatch.expected.hasPrefix("activations of hook ")
        && !mismatch.expected.contains(", weights"))
    let longer = try ActivationHarvester(
      harvester.model, at: .residPost(1),
      tokens: TokenStream(Gemma2Tests.tokens(104, below: 37, seed: 4)),
      options: PieceOptions(context: 10))
    try differs("stream_tokens", shards(of: longer))
    var tokens = Gemma2Tests.tokens(103, below: 37, seed: 4)
    tokens[102] = (tokens[102] + 1) % 37
    let edited = try ActivationHarvester(
      harvester.model, at: .residPost(1), tokens: TokenStream(tokens),
      options: PieceOptions(context: 10))
    try differs("tokens_hash", shards(of: edited))
  }

  @Test func refusesAHole() throws {
    try shards().write()
    let path = "\(directory)/activations-00001.safetensors"
    try FileManager.default.removeItem(atPath: path)
    #expect(
      throws: ModelError.shardDiffers(
        file: "\(directory)/activations-00002.safetensors", field: "first_row", expected: "25",
        found: "50")
    ) {
      try HarvestShards.open(directory)
    }
  }

  @Test func refusesAMissingEnd() throws {
    try shards().write()
    try FileManager.default.removeItem(atPath: "\(directory)/activations-00004.safetensors")
    #expect(
      throws: ModelError.shardDiffers(
        file: directory, field: "total_rows", expected: "103", found: "100")
    ) {
      try HarvestShards.open(directory)
    }
  }

  /// The same place by its other name is the same place; another one stays only if that is wanted.
  @Test func otherNamesAndOtherPlaces() throws {
    func harvester(_ hook: HookPoint) throws -> ActivationHarvester {
      try ActivationHarvester(
        self.harvester.model, at: hook,
        tokens: TokenStream(Gemma2Tests.tokens(103, below: 37, seed: 4)),
        options: PieceOptions(context: 10))
    }
    try shards().write()
    let path = "\(directory)/activations-00002.safetensors"
    try FileManager.default.removeItem(atPath: path)
    try shards(of: harvester(.residPre(2))).write()
    #expect(try SafetensorsFile(path).metadata["hook"] == "blocks.2.hook_resid_pre")
    let whole = try HarvestShards.open(directory)
    #expect(try whole.matrix(rows: 0..<103) == self.harvester.matrix(rows: 0..<103))
    try FileManager.default.removeItem(atPath: path)
    let other = try shards(of: harvester(.residPre(1)))
    #expect(throws: OptionError.self) { try other.write() }
    #expect(!FileManager.default.fileExists(atPath: path))
    try other.write(allowsMismatch: true)
    #expect(try !other.origins().mismatches.isEmpty)
    #expect(throws: OptionError.self) { try HarvestShards.open(directory) }
  }

  /// Rows of tokens that are left out are not written, and the metadata say which.
  @Test func tokensThatAreLeftOut() throws {
    let tokens = Gemma2Tests.tokens(103, below: 37, seed: 4)
    let skipped: Set<UInt32> = [tokens[3], tokens[57]]
    let some = try ActivationHarvester(
      harvester.model, at: .residPost(1), tokens: TokenStream(tokens),
      options: PieceOptions(context: 10, sequencesPerBatch: 2, skippedTokens: skipped))
    try shards(of: some).write()
    let kept = tokens.indices.filter { !skipped.contains(tokens[$0]) }
    #expect(kept.count < 103 && some.tokens == kept.count)
    let expected = try harvester.matrix(rows: kept.map { $0..<$0 + 1 })
    #expect(try HarvestShards.open(directory).matrix(rows: 0..<kept.count) == expected)
    let metadata = try SafetensorsFile("\(directory)/activations-00000.safetensors").metadata
    #expect(
      metadata["skipped_tokens"] == skipped.sorted().map { "\($0)" }.joined(separator: ","))
    do {
      try shards().write()
      Issue.record("took shards without some of the tokens")
    } catch ModelError.shardDiffers(_, let field, _, _) {
      #expect(field == "shape" || field == "skipped_tokens")
    }
  }

  /// Files that a killed harvest left half written go, and nobody else's.
  @Test func leftoversAreRemoved() throws {
    try shards().write()
    let shard = "\(directory)/activations-00001.safetensors"
    try FileManager.default.moveItem(
      atPath: shard, toPath: "\(directory)/.activations-00001.safetensors.1abc.partial")
    let other = "\(directory)/.activations-00001.safetensors-other.1abc.partial"
    try Data().write(to: URL(fileURLWithPath: other))
    try shards().write()
    #expect(try names().filter { $0.hasPrefix(".") } == [(other as NSString).lastPathComponent])
    #expect(FileManager.default.fileExists(atPath: shard))
  }

  /// What F16 would turn into infinity is refused, and leaves nothing; F32 holds it.
  @Test func refusesWhatCannotBeStored() throws {
    var sizes = RandomCheckpoint.Sizes()
    sizes.layers = 1
    let checkpoint = try RandomCheckpoint(sizes)
    let path = checkpoint.file("model.safetensors")
    let old = try SafetensorsFile(path)
    let all = old.tensors.map { ($0, $0.floats()) }
    var writer = try SafetensorsWriter(
      path, all.map { TensorDeclaration($0.0.name, .f32, $0.0.shape) })
    for (tensor, values) in all {
      let factor: Float = tensor.name == "model.embed_tokens.weight" ? 1e5 : 1
      try writer.append(values.map { factor * $0 }, to: tensor.name)
    }
    try writer.finish()
    let loud = try ActivationHarvester(
      LanguageModels.load(checkpoint.directory), at: .residPost(0),
      tokens: TokenStream(Gemma2Tests.tokens(103, below: 37, seed: 4)),
      options: PieceOptions(context: 10))
    do {
      try shards(type: .f16, of: loud).write()
      Issue.record("wrote infinity")
    } catch ModelError.notStorable(let hook, let row, let expected, _) {
      #expect(hook == "blocks.0.hook_resid_post" && row == 0)
      #expect(expected == "at most 65504.0 (F16)")
    }
    #expect(try names().isEmpty)
    #expect(throws: Never.self) { try shards(of: loud).write() }
  }

  @Test func refusesOptions() {
    #expect(
      throws: ModelError.invalidOption(
        name: "tokensPerShard", expected: "at least 1", found: "0")
    ) { try shards(0) }
    #expect(
      throws: ModelError.invalidOption(name: "type", expected: "F16 or F32", found: "F64")
    ) { try shards(type: .f64) }
  }
}
