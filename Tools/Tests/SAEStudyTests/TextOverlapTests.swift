import SAECore
import Testing

@testable import SAEStudyScans

@Suite struct TextOverlapTests {
  private static func text(_ count: Int, seed: UInt64) -> [UInt32] {
    var generator = RandomGenerator(seed: seed)
    return (0..<count).map { _ in UInt32(generator.index(below: 1000)) }
  }

  @Test func otherTextsShareNothing() {
    let (a, b) = (Self.text(5000, seed: 1), Self.text(5000, seed: 2))
    #expect(TextOverlap.share(of: a, in: b, length: 16) == 0)
    #expect(TextOverlap.share(of: a, in: a, length: 16) == 1)
    #expect(TextOverlap.share(of: [], in: a, length: 16) == 0)
    #expect(TextOverlap.share(of: a, in: [], length: 16) == 0)
    // Nothing but one token, in other numbers.
    let zeros = [UInt32](repeating: 0, count: 100)
    #expect(TextOverlap.share(of: zeros, in: [1, 0, 0, 0, 0], length: 8) == 0)
  }

  /// Wherever a part of the text begins in the other one.
  @Test(arguments: [0, 1, 7, 100, 1000]) func partsAreFound(_ offset: Int) {
    let text = Self.text(1600, seed: 1)
    let other =
      Self.text(offset, seed: 2) + text[400..<1200] + Self.text(333, seed: 3)
    #expect(TextOverlap.share(of: text, in: other, length: 16) == 0.5)
  }

  /// Rows in another type, in another order, at another place.
  @Test func rowsAreFoundAsWhatTheyWereRoundedTo() throws {
    let rows = Matrix.sample(200, 8, seed: 1)
    let half = Matrix(rows: 100, columns: 8) { row, column in
      // As F16 has it.
      let value = rows[199 - 2 * row, column]
      let bits = value.bitPattern
      return Float(bitPattern: (bits &+ 0xFFF &+ (bits >> 13 & 1)) & ~0x1FFF)
    }
    let (whole, part) = (try TextOverlap.rowHashes(rows), try TextOverlap.rowHashes(half))
    #expect(TextOverlap.share(of: part, in: Set(whole)) == 1)
    #expect(TextOverlap.share(of: whole, in: Set(part)) == 0.5)
    let others = try TextOverlap.rowHashes(Matrix.sample(200, 8, seed: 2))
    #expect(TextOverlap.share(of: others, in: Set(whole)) == 0)
    var broken = rows
    broken[17, 3] = .nan
    #expect(throws: FileError.notFiniteActivations(ElementPlace(row: 17, column: 3), found: "nan"))
    {
      try TextOverlap.rowHashes(broken)
    }
  }
}

extension Matrix {
  static func sample(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, _ in Float(generator.gaussian()) }
  }
}
