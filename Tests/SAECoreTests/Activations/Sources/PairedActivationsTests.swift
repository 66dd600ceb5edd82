import SAECore
import Testing

@Suite struct PairedActivationsTests {
  static let inputs = Matrix(rows: 90, columns: 3) { Float(100 * $0 + $1) }
  static let targets = Matrix(rows: 90, columns: 2) { Float(-100 * $0 - $1 - 1) }

  static func pairs() throws -> PairedActivations {
    try PairedActivations(inputs: inputs, targets: targets)
  }

  @Test func aRowIsTheInputAndTheTargetBehindIt() throws {
    let pairs = try Self.pairs()
    #expect(pairs.width == 5 && pairs.targetWidth == 2 && pairs.tokens == 90)
    let read = try pairs.matrix(rows: [4..<6, 0..<1])
    let expected: [Float] = [
      400, 401, 402, -401, -402, 500, 501, 502, -501, -502, 0, 1, 2, -1, -2,
    ]
    #expect(read.array == expected)
    var matrix = Matrix(rows: 3, columns: 5, repeating: 7)
    try pairs.read(4..<5, into: &matrix, at: 1)
    let middle: [Float] = [400, 401, 402, -401, -402]
    #expect(
      matrix.array == [Float](repeating: 7, count: 5) + middle + .init(repeating: 7, count: 5))
  }

  /// Shuffled, one after another, and read ahead on either side of the pairing.
  @Test func aRowStaysOne() throws {
    let pairs = try Self.pairs()
    let ahead = try PairedActivations(
      inputs: ReadAheadActivations(Self.inputs, batchTokens: 20), targets: Self.targets)
    for source in [
      pairs, ahead, ReadAheadActivations(pairs, batchTokens: 20),
      try ConcatenatedActivations([pairs, pairs]),
    ] as [any ActivationSource] {
      #expect(source.targetWidth == 2)
      var stream = try ShuffledActivations(source, seed: 3, bufferTokens: 40, blockTokens: 8)
      let batch = try stream.next(source.tokens)
      for row in 0..<batch.rows { #expect(batch[row, 0] == -1 - batch[row, 3]) }
      #expect(Set((0..<batch.rows).map { batch[$0, 0] }).count == 90)
    }
  }

  @Test func sizesMustFit() throws {
    #expect(throws: ShapeError("targets", "rows", expected: 90, found: 89)) {
      try PairedActivations(inputs: Self.inputs, targets: Matrix(rows: 89, columns: 2))
    }
    #expect(throws: ShapeError("inputs", "columns or more", expected: 1, found: 0)) {
      try PairedActivations(inputs: Matrix(rows: 90, columns: 0), targets: Self.targets)
    }
    #expect(throws: ShapeError("targets", "columns or more", expected: 1, found: 0)) {
      try PairedActivations(inputs: Self.inputs, targets: Matrix(rows: 90, columns: 0))
    }
    let pairs = try Self.pairs()
    #expect(throws: ShapeError("inputs", "columns of targets", expected: 0, found: 2)) {
      try PairedActivations(inputs: pairs, targets: Self.targets)
    }
    // As wide together, but cut elsewhere.
    let others = try PairedActivations(inputs: Self.targets, targets: Self.inputs)
    #expect(throws: ShapeError("targets, source 2", "columns", expected: 2, found: 3)) {
      try ConcatenatedActivations([pairs, others])
    }
  }
}
