import SAECore
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

  @Test func anEmptySourceIsRefused() {
    #expect(throws: InvalidOption.self) {
      _ = try ShuffledActivations(Matrix(rows: 0, columns: 4), seed: 1)
    }
  }
}
