import Foundation
import SAECore
import Testing

@testable import SAEModels

struct Gemma2Tests {
  static func tokens(_ count: Int, below vocabulary: Int, seed: UInt64) -> [UInt32] {
    var generator = RandomGenerator(seed: seed)
    return (0..<count).map { _ in UInt32(generator.next() % UInt64(vocabulary)) }
  }

  static let shapes: [RandomCheckpoint.Sizes] = {
    typealias Sizes = RandomCheckpoint.Sizes
    // One key-value head, a head dimension that is not width / heads, an odd number of layers.
    let first = Sizes()
    let second = Sizes(
      vocabulary: 50, width: 33, hidden: 7, layers: 1, queryHeads: 3, keyValueHeads: 3,
      headDimension: 34, queryScalar: 34, attentionCap: nil, finalCap: nil, window: 1,
      theta: 10_000)
    let third = Sizes(
      vocabulary: 5, width: 8, hidden: 64, layers: 5, queryHeads: 6, keyValueHeads: 2,
      headDimension: 2, queryScalar: 1, attentionCap: 0.7, finalCap: 50, window: 100, theta: 5)
    return [first, second, third]
  }()

  /// Float32 rounds each of some hundred additions by 6e-8 of a value near 1; a wrong formula errs
  /// by far more than this bound.
  static let bound = 2e-5

  @Test(arguments: shapes.indices, [1, 3])
  func agreesWithPlainDoubles(shape: Int, shards: Int) throws {
    let checkpoint = try RandomCheckpoint(Gemma2Tests.shapes[shape], shards: shards)
    try Gemma2Tests.compare(checkpoint, lengths: [1, 19, 7, 0, 70])
  }

  @Test(arguments: [ElementType.f16, .bf16, .f32])
  func readsEveryElementType(type: ElementType) throws {
    try Gemma2Tests.compare(RandomCheckpoint(type: type, seed: 9), lengths: [11])
  }

  /// Queries come in more than one task, and windows begin within a tile of keys.
  @Test func agreesOnALongSequence() throws {
    let sizes = RandomCheckpoint.Sizes(
      vocabulary: 11, width: 6, hidden: 4, layers: 2, queryHeads: 2, keyValueHeads: 1,
      headDimension: 4, window: 45)
    try Gemma2Tests.compare(RandomCheckpoint(sizes), lengths: [530])
  }

  static func compare(_ checkpoint: RandomCheckpoint, lengths: [Int]) throws {
    let model = try LanguageModels.load(checkpoint.directory)
    let plain = try PlainGemma2(checkpoint)
    let sequences = lengths.enumerated().map { index, length in
      tokens(length, below: model.vocabularySize, seed: UInt64(index + 5))
    }
    let expected = sequences.map { plain.streams($0) }
    let batch = TokenBatch(sequences)
    for layer in 0..<model.layerCount {
      let found = try model.activations(at: .residPost(layer), of: batch)
      let values = expected.flatMap { $0[layer + 1].joined() }.map { Float($0) }
      let error = relativeError(found.array, values)
      #expect(error < bound, "layer \(layer)")
    }
    let logits = try model.logits(model.run(batch).view)
    let values = expected.flatMap { plain.logits($0[model.layerCount]).joined() }
    let error = relativeError(logits.array, values.map { Float($0) })
    #expect(error < bound, "logits")
  }

  @Test func rotaryFrequenciesInBrainPrecisionDiffer() throws {
    let checkpoint = try RandomCheckpoint()
    let batch = TokenBatch([Gemma2Tests.tokens(60, below: 37, seed: 3)])
    let exact = try LanguageModels.load(checkpoint.directory).run(batch)
    let rounded = try LanguageModels.load(
      checkpoint.directory, options: ModelOptions(rotaryFrequencies: .bfloat16)
    ).run(batch)
    let error = relativeError(rounded.array, exact.array)
    #expect(error > 1e-4 && error < 0.3)
  }

  /// As Hugging Face's library has them, which rounds the weights to a model's type and not these.
  @Test(arguments: [nil, "float32", "float16", "bfloat16"])
  func rotaryFrequenciesAreFloat32WhateverTypeTheWeightsAre(_ type: String?) throws {
    let plain = try RandomCheckpoint()
    let batch = TokenBatch([Gemma2Tests.tokens(60, below: 37, seed: 3)])
    let expected = try LanguageModels.load(
      plain.directory, options: ModelOptions(rotaryFrequencies: .float32)
    ).run(batch)
    for field in ["dtype", "torch_dtype"] {
      let checkpoint = try RandomCheckpoint(fields: [field: type as Any? ?? NSNull()])
      let model = try LanguageModels.load(checkpoint.directory)
      #expect(model.options.rotaryFrequencies == .float32)
      #expect(try model.run(batch) == expected)
    }
  }

  @Test func sameBitsForAnyThreadsAndAnyCompany() throws {
    let checkpoint = try RandomCheckpoint()
    let model = try LanguageModels.load(checkpoint.directory)
    let sequences = [40, 3, 91, 17].enumerated().map {
      Gemma2Tests.tokens($1, below: 37, seed: UInt64($0))
    }
    let together = try Threads.withCount(1) { try model.run(TokenBatch(sequences)) }
    let threaded = try Threads.withCount(7) { try model.run(TokenBatch(sequences)) }
    #expect(together == threaded)
    let alone = try sequences.flatMap { try model.run(TokenBatch([$0])).array }
    #expect(alone == together.array)
  }
}
