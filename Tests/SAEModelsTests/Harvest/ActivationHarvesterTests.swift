import Foundation
import SAECore
import SAEModels
import SAETestSupport
import Testing

struct ActivationHarvesterTests {
  let checkpoint: RandomCheckpoint
  let model: LanguageModel
  let tokens = Gemma2Tests.tokens(103, below: 37, seed: 4)

  init() throws {
    checkpoint = try RandomCheckpoint()
    model = try LanguageModels.load(checkpoint.directory)
  }

  /// Row i, from a run of its own.
  func row(_ token: Int, context: Int, prefix: UInt32?) throws -> [Float] {
    let piece = token / context * context
    let sequence = (prefix.map { [$0] } ?? []) + tokens[piece..<min(piece + context, tokens.count)]
    let all = try model.activations(at: .residPost(1), of: TokenBatch([sequence]))
    let position = token - piece + (prefix == nil ? 0 : 1)
    return (0..<model.width).map { all[position, $0] }
  }

  @Test(
    arguments: [SequencePrefix.none, .beginningOfSequence, .token(9)], [1, 3])
  func rowsBelongToTokens(prefix: SequencePrefix, sequencesPerBatch: Int) throws {
    let id: UInt32? =
      switch prefix {
      case .none: nil
      case .beginningOfSequence: 1
      case .token(let token): token
      }
    let harvester = try ActivationHarvester(
      model, at: .residPost(1), tokens: TokenStream(tokens),
      options: PieceOptions(context: 10, prefix: prefix, sequencesPerBatch: sequencesPerBatch))
    #expect(harvester.tokens == 103)
    let all = try harvester.matrix(rows: 0..<103)
    for token in [0, 9, 10, 55, 99, 100, 102] {
      #expect(
        try (0..<model.width).map { all[token, $0] } == row(token, context: 10, prefix: id))
    }
    let parts = try harvester.matrix(rows: [95..<103, 0..<3, 7..<7, 38..<62])
    let expected = [Array(95..<103), Array(0..<3), Array(38..<62)].joined()
    for (index, token) in expected.enumerated() {
      #expect(Matrix(parts[rows: index..<index + 1]) == Matrix(all[rows: token..<token + 1]))
    }
  }

  /// Tokens that are left out have no row, wherever they stand; all others have the rows that they have
  /// without that. Pieces of nothing else have none.
  @Test(arguments: [false, true], [1, 3]) func tokensAreLeftOut(keepsPrefix: Bool, batch: Int)
    throws
  {
    var tokens = tokens
    for index in 20..<30 { tokens[index] = 0 }
    for index in stride(from: 3, to: 103, by: 7) { tokens[index] = 0 }
    for skipped in [[0], [0, tokens[5], tokens[41]], [1]] as [Set<UInt32>] {
      func harvester(_ skipped: Set<UInt32>) throws -> ActivationHarvester {
        try ActivationHarvester(
          model, at: .residPost(1), tokens: TokenStream(tokens),
          options: PieceOptions(
            context: 10, keepsPrefix: keepsPrefix, sequencesPerBatch: batch,
            skippedTokens: skipped))
      }
      let all = try harvester([])
      // The token of each row of all.
      let rowTokens = stride(from: 0, to: 103, by: 10).flatMap { first in
        (keepsPrefix ? [1] : []) + tokens[first..<min(first + 10, 103)]
      }
      let kept = rowTokens.indices.filter { !skipped.contains(rowTokens[$0]) }
      let some = try harvester(skipped)
      #expect(some.tokens == kept.count && some.blocks.rowCount == kept.count)
      let expected = try all.matrix(rows: kept.map { $0..<$0 + 1 })
      #expect(try some.matrix(rows: 0..<kept.count) == expected)
      for part in [0..<1, 5..<17, kept.count - 9..<kept.count] {
        #expect(try some.matrix(rows: part) == Matrix(expected[rows: part]))
      }
      var stream = try ShuffledActivations(some, seed: 3, bufferTokens: 30, blockTokens: 15)
      let drawn = try stream.next(kept.count)
      #expect(
        Set((0..<kept.count).map { drawn[$0, 0] }) == Set((0..<kept.count).map { expected[$0, 0] }))
    }
    #expect(throws: ModelError.self) {
      try ActivationHarvester(
        model, at: .residPost(1), tokens: TokenStream([3, 3, 3]),
        options: PieceOptions(skippedTokens: [3]))
    }
  }

  /// Each piece begins with a row of its prefix, whatever rows are asked for.
  @Test(arguments: [1, 3]) func prefixesCanBeKept(sequencesPerBatch: Int) throws {
    let harvester = try ActivationHarvester(
      model, at: .residPost(1), tokens: TokenStream(tokens),
      options: PieceOptions(
        context: 10, keepsPrefix: true, sequencesPerBatch: sequencesPerBatch))
    #expect(harvester.tokens == 114 && harvester.blocks.size == 11)
    let all = try harvester.matrix(rows: 0..<114)
    let expected = try stride(from: 0, to: 103, by: 10).flatMap { first in
      let sequence = [1] + tokens[first..<min(first + 10, 103)]
      return try model.activations(at: .residPost(1), of: TokenBatch([sequence])).array
    }
    #expect(all.array == expected)
    let parts = [5..<40, 110..<114, 11..<12]
    #expect(
      try harvester.matrix(rows: parts).array == parts.flatMap { Matrix(all[rows: $0]).array })
    // Without a prefix there is nothing to keep.
    let bare = try ActivationHarvester(
      model, at: .residPost(1), tokens: TokenStream(tokens),
      options: PieceOptions(context: 10, prefix: .none, keepsPrefix: true))
    #expect(bare.tokens == 103)
  }

  @Test func refusesOptions() throws {
    func harvest(
      _ options: PieceOptions, hook: HookPoint = .residPost(0)
    ) throws {
      _ = try ActivationHarvester(
        model, at: hook, tokens: TokenStream(tokens), options: options)
    }
    for context in [0, -1, 700] {
      #expect(
        throws: ModelError.invalidOption(
          name: "context", expected: "1 to 699 tokens", found: "\(context)")
      ) {
        try harvest(PieceOptions(context: context))
      }
    }
    #expect(
      throws: ModelError.invalidOption(
        name: "sequencesPerBatch", expected: "at least 1", found: "0")
    ) {
      try harvest(PieceOptions(sequencesPerBatch: 0))
    }
    #expect(throws: ModelError.layerOutOfRange(hook: "blocks.3.hook_resid_post", layers: 3)) {
      try harvest(PieceOptions(), hook: .residPost(3))
    }
    let nameless = try RandomCheckpoint(fields: ["bos_token_id": NSNull()])
    let other = try LanguageModels.load(nameless.directory)
    #expect(throws: ModelError.noBeginningOfSequence(model: other.name)) {
      try ActivationHarvester(other, at: .residPost(0), tokens: TokenStream(tokens))
    }
    let outside = try ActivationHarvester(
      model, at: .residPost(0), tokens: TokenStream([3, 40]))
    #expect(
      throws: ModelError.wrongTokens(
        file: "tokens", expected: "ids below 37", found: "40 at token 1")
    ) {
      try outside.matrix(rows: 0..<2)
    }
    #expect(
      throws: ModelError.invalidOption(name: "prefix", expected: "an id below 37", found: "37")
    ) {
      try harvest(PieceOptions(prefix: .token(37)))
    }
  }

  /// Shuffled reading gives the same rows with and without reading ahead, and each once.
  @Test func readingAheadChangesNothing() throws {
    let harvester = try ActivationHarvester(
      model, at: .residPost(1), tokens: TokenStream(tokens),
      options: PieceOptions(context: 10, sequencesPerBatch: 3))
    let ahead = ReadAheadActivations(harvester, batchTokens: harvester.batchTokens)
    var plain = try ShuffledActivations(harvester, seed: 5, bufferTokens: 40, blockTokens: 12)
    var threaded = try ShuffledActivations(ahead, seed: 5, bufferTokens: 40, blockTokens: 12)
    #expect(plain.blockTokens == 10 && threaded.blockTokens == 10)
    var rows: [[Float]] = []
    for _ in 0..<30 {
      let batch = try plain.next(11)
      #expect(try threaded.next(11) == batch)
      rows += (0..<11).map { row in (0..<model.width).map { batch[row, $0] } }
    }
    let all = try harvester.matrix(rows: 0..<103)
    let expected = (0..<103).map { row in (0..<model.width).map { all[row, $0] } }
    for epoch in 0..<3 {
      #expect(Set(rows[epoch * 103..<(epoch + 1) * 103]) == Set(expected))
    }
  }

  @Test func readingAheadHandsErrorsOn() throws {
    var tokens = tokens
    tokens[57] = 1000
    let harvester = try ActivationHarvester(
      model, at: .residPost(1), tokens: TokenStream(tokens), options: PieceOptions(context: 10))
    let ahead = ReadAheadActivations(harvester, batchTokens: 30)
    var stream = try ShuffledActivations(ahead, seed: 5, bufferTokens: 20, blockTokens: 10)
    #expect(throws: ModelError.self) { for _ in 0..<11 { _ = try stream.next(10) } }
  }
}

@Suite(withLab)
struct LabHarvestTests {
  /// The lab's rows were made with rotary frequencies in bfloat16, and rounded to F16: 2⁻¹¹ of a number
  /// at most, a third of that on average.
  @Test(arguments: ["med_dev", "broad_dev"])
  func agreesWithStoredActivations(name: String) throws {
    let model = try LanguageModels.load(
      Lab.path("model"), options: ModelOptions(layers: 5, rotaryFrequencies: .bfloat16))
    let harvester = try ActivationHarvester(
      model, at: HookPoint("blocks.4.hook_resid_post"),
      tokens: TokenStream(npy: Lab.path("tokens/\(name).npy")))
    let expected = try SafetensorsFile(Lab.path("activations/\(name).safetensors"))
      .tensor("activations")
    for rows in [0..<1100, 19_500..<20_000] {
      let error = relativeError(
        try harvester.matrix(rows: rows).array, try expected.matrix(rows: rows).array)
      #expect(error < 2.5e-4, "\(error)")
    }
  }
}
