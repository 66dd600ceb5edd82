import Testing

@testable import SAECore

@Suite struct TrainingRowsTests {
  static let inputs = Matrix(rows: 90, columns: 3) { Float(100 * $0 + $1) }
  static let targets = Matrix(rows: 90, columns: 2) { Float(-100 * $0 - $1 - 1) }

  @Test func aRowIsTheInputAndTheTargetBehindIt() throws {
    let rows = try TrainingRows(Self.inputs, targets: Self.targets)
    #expect(rows.width == 5 && rows.targetWidth == 2 && rows.tokens == 90)
    let read = try rows.matrix(rows: [4..<6, 0..<1])
    let expected: [Float] = [
      400, 401, 402, -401, -402, 500, 501, 502, -501, -502, 0, 1, 2, -1, -2,
    ]
    #expect(read.array == expected)
    let (inputs, targets) = rows.split(read)
    #expect(inputs == Matrix([[400, 401, 402], [500, 501, 502], [0, 1, 2]]))
    #expect(targets == Matrix([[-401, -402], [-501, -502], [-1, -2]]))
    var matrix = Matrix(rows: 3, columns: 5, repeating: 7)
    try rows.read(4..<5, into: &matrix, at: 1)
    let middle: [Float] = [400, 401, 402, -401, -402]
    #expect(
      matrix.array == [Float](repeating: 7, count: 5) + middle + .init(repeating: 7, count: 5))
  }

  /// Shuffled, one after another, and read ahead.
  @Test func aRowStaysOne() throws {
    for inputs in [
      Self.inputs, ReadAheadActivations(Self.inputs, batchTokens: 20),
      try ConcatenatedActivations([Self.inputs, Self.inputs]),
    ] as [any ActivationSource] {
      let targets = try ConcatenatedActivations(
        [any ActivationSource](repeating: Self.targets, count: inputs.tokens / 90))
      let rows = try TrainingRows(inputs, targets: targets)
      var stream = try ShuffledActivations(rows, seed: 3, bufferTokens: 40, blockTokens: 8)
      let batch = try stream.next(rows.tokens)
      for row in 0..<batch.rows { #expect(batch[row, 0] == -1 - batch[row, 3]) }
      #expect(Set((0..<batch.rows).map { batch[$0, 0] }).count == 90)
    }
  }
}
