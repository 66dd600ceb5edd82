import Foundation
import SAECore
import Synchronization
import Testing

@Suite struct ShuffledActivationsTests {
  /// Row i of the source holds i.
  static func numbered(_ count: Int) -> Matrix {
    Matrix(rows: count, columns: 2) { row, _ in Float(row) }
  }

  static func drawn(
    _ stream: inout ShuffledActivations, _ batches: [Int]
  ) throws -> [Float] {
    try batches.flatMap { size in
      let batch = try stream.next(size)
      return (0..<batch.rows).map { batch[$0, 0] }
    }
  }

  @Test(arguments: [(1, 1, 1), (100, 1000, 7), (1000, 64, 16), (1000, 10, 300), (777, 100, 100)])
  func everyRowOnceAnEpoch(_ tokens: Int, _ buffer: Int, _ block: Int) throws {
    var stream = try ShuffledActivations(
      Self.numbered(tokens), seed: 5, bufferTokens: buffer, blockTokens: block)
    let first = try Self.drawn(&stream, [tokens])
    #expect(first.sorted() == (0..<tokens).map { Float($0) })
    let second = try Self.drawn(&stream, [tokens / 3, tokens - tokens / 3])
    #expect(second.sorted() == first.sorted())
    if tokens > 1 {
      #expect(first != second)
      #expect(first != first.sorted())
    }
  }

  @Test func batchesGoOnAcrossEpochsAndEqualSeedsAgree() throws {
    func all(_ seed: UInt64) throws -> [Float] {
      var stream = try ShuffledActivations(
        Self.numbered(90), seed: seed, bufferTokens: 40, blockTokens: 8)
      return try Self.drawn(&stream, [Int](repeating: 27, count: 10))
    }
    let once = try all(1)
    #expect(once == (try all(1)))
    #expect(once != (try all(2)))
    // 270 rows are three epochs.
    for epoch in 0..<3 {
      #expect(once[(epoch * 90)..<(epoch * 90 + 90)].sorted() == (0..<90).map { Float($0) })
    }
  }

  @Test func aBufferThatHoldsAllMixesAll() throws {
    var stream = try ShuffledActivations(
      Self.numbered(2000), seed: 3, bufferTokens: 4000, blockTokens: 128)
    let order = try Self.drawn(&stream, [2000])
    // Mean distance of rows from their places in a uniform permutation: a third of the length.
    let distance = order.enumerated().reduce(0.0) {
      $0 + abs(Double($1.offset) - Double($1.element))
    }
    #expect(abs(distance / 2000 - 2000.0 / 3) < 40)
  }

  @Test func sourcesOneAfterAnother() throws {
    let parts = [Self.numbered(3), Matrix(rows: 0, columns: 2), Self.numbered(5), Self.numbered(1)]
    let source = try ConcatenatedActivations(parts)
    #expect(source.tokens == 9)
    let all: [Float] = [0, 1, 2, 0, 1, 2, 3, 4, 0]
    for first in 0...9 {
      for end in first...9 {
        let rows = try source.matrix(rows: first..<end)
        #expect((0..<rows.rows).map { rows[$0, 1] } == Array(all[first..<end]))
      }
    }
    #expect(throws: ShapeError.self) {
      _ = try ConcatenatedActivations([Self.numbered(2), Matrix(rows: 2, columns: 3)])
    }
    #expect(throws: ShapeError.self) { _ = try ConcatenatedActivations([]) }
  }

  /// From any place, through JSON, the same rows follow; of sources of all kinds.
  @Test func aReadingGoesOnFromItsPosition() throws {
    var generator = RandomGenerator(seed: 2)
    for attempt in 0..<60 {
      let tokens = 1 + generator.index(below: 300)
      let numbered = Self.numbered(tokens)
      let cut = generator.index(below: tokens)
      let sources: [any ActivationSource] = [
        numbered, ClosureActivations(width: 2, tokens: tokens) { try numbered.matrix(rows: $0) },
        ReadAheadActivations(numbered, batchTokens: 40),
        try ConcatenatedActivations([
          numbered.matrix(rows: 0..<cut), numbered.matrix(rows: cut..<tokens),
        ]),
      ]
      var stream = try ShuffledActivations(
        numbered, seed: UInt64(attempt), bufferTokens: 1 + generator.index(below: 400),
        blockTokens: 1 + generator.index(below: 50))
      _ = try Self.drawn(&stream, [generator.index(below: 3 * tokens)])
      let data = try JSONEncoder().encode(stream.position)
      let position = try JSONDecoder().decode(ShuffledActivations.Position.self, from: data)
      let rest = try Self.drawn(&stream, [2 * tokens])
      for source in sources {
        var other = try ShuffledActivations(source, from: position)
        #expect(other.position == position)
        #expect(try Self.drawn(&other, [2 * tokens]) == rest)
        #expect(other.position == stream.position)
      }
    }
  }

  /// What is drawn ahead is no more than what is asked for, and copies do not disturb each other.
  @Test func batchesDrawnAheadAreTheSame() throws {
    let source = Self.numbered(200)
    var plain = try ShuffledActivations(source, seed: 4, bufferTokens: 60, blockTokens: 16)
    var ahead = try ReadAheadBatches(plain, batchTokens: 24)
    var copies: [(ReadAheadBatches, [[Float]])] = []
    for index in 0..<20 {
      #expect(ahead.position == plain.position)
      let batch = try plain.next(24).array
      for copy in copies.indices { copies[copy].1.append(batch) }
      if index % 5 == 2 { copies.append((ahead, [batch])) }
      #expect(try ahead.next(readsAhead: index % 3 > 0).array == batch)
    }
    for (copy, batches) in copies {
      var copy = copy
      for batch in batches { #expect(try copy.next().array == batch) }
    }
  }

  /// After an error the batch that failed is the next one again.
  @Test func aFailureLosesNoRows() throws {
    let numbered = Self.numbered(100)
    let fails = Mutex(false)
    let source = ClosureActivations(width: 2, tokens: 100) { rows in
      if fails.withLock({ $0 }) { throw OptionError("disk", expected: "a disk", found: "none") }
      return try numbered.matrix(rows: rows)
    }
    func stream(_ source: any ActivationSource) throws -> ShuffledActivations {
      try ShuffledActivations(source, seed: 4, bufferTokens: 20, blockTokens: 5)
    }
    var batches = try ReadAheadBatches(stream(source), batchTokens: 10)
    var plain = try stream(numbered)
    #expect(try batches.next(readsAhead: false).array == plain.next(10).array)
    fails.withLock { $0 = true }
    for _ in 0..<2 { #expect(throws: OptionError.self) { try batches.next() } }
    #expect(batches.position == plain.position)
    fails.withLock { $0 = false }
    for _ in 0..<30 { #expect(try batches.next().array == plain.next(10).array) }
  }

  @Test func syntheticActivationsAreASource() throws {
    var options = SyntheticOptions(width: 6, featureCount: 12, l0: 2)
    options.noise = 0.1
    let synthetic = try SyntheticActivations(options, seed: 3)
    let source = synthetic.source(100..<180)
    #expect(source.tokens == 80 && source.width == 6)
    #expect(
      try source.matrix(rows: 7..<50) == synthetic.sample(107..<150).activations)
    let wrong = ClosureActivations(width: 3, tokens: 9) { _ in Matrix(rows: 2, columns: 3) }
    #expect(throws: ShapeError.self) { try wrong.matrix(rows: 0..<3) }
  }

  @Test func anEmptySourceIsRefused() {
    #expect(throws: OptionError.self) {
      _ = try ShuffledActivations(Matrix(rows: 0, columns: 4), seed: 1)
    }
  }
}
